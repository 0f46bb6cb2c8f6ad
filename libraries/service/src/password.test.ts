import { describe, expect, it } from "vitest";
import { randomPassword } from "./password.ts";

describe("a password", () => {
  it("has sixteen characters of three classes", () => {
    for (let count = 0; count < 200; count += 1) {
      const password = randomPassword();
      expect(password).toMatch(/^[A-Za-z0-9]{16}$/);
      for (const kind of [/[A-Z]/, /[a-z]/, /\d/]) expect(password).toMatch(kind);
    }
  });
});
