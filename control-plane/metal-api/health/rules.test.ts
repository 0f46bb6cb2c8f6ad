import { expect, it } from "vitest";
import { summary } from "./rules.ts";

const well = (name: string) => ({ name });
const ill = (name: string) => ({ name, problem: `${name} is away` });

it.each([
  [[well("a"), well("b")], true, "healthy", ""],
  [[ill("a"), well("b")], false, "partial-outage", "a is away"],
  [[ill("a"), ill("b")], false, "unhealthy", "a is away"],
])("%j", (checks, healthy, status, message) => {
  expect(summary(checks, undefined)).toMatchObject({ healthy, response: { status, message } });
});

it("tells of one service, when asked for one", () => {
  expect(summary([ill("a"), well("b")], "b")).toEqual({
    healthy: false,
    response: { status: "healthy", message: "", services: { b: { status: "healthy", message: "" } } },
  });
  expect(summary([well("a")], "constructor").response).toEqual({ status: "", message: "", services: {} });
});
