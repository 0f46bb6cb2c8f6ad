import { describe, expect, it } from "vitest";
import { identityUri, parseIdentity } from "./identity.ts";

describe("an identity", () => {
  it("survives the way through a certificate's subject alternative name", () => {
    const identity = { component: "machine", id: "00000000-0000-0000-0000-000000000001" } as const;
    expect(parseIdentity(`DNS:example, URI:${identityUri(identity)}`)).toEqual(identity);
  });

  it.each([
    undefined,
    "",
    "DNS:metal-api",
    "URI:urn:metal-stack:nobody:1",
    "URI:urn:metal-stack:machine:",
    "URI:urn:metal-stack:machine:%zz",
  ])("is not read from %s", (names) => expect(parseIdentity(names)).toBeUndefined());
});
