import { describe, expect, it } from "vitest";
import { ConfigurationError, declareSettings, Environment } from "./configuration.ts";

const SETTINGS = declareSettings("DEMO_", {
  PORT: { about: "TCP port", default: 8080 },
  HMAC_ADMIN_KEY: { about: "key" },
  VERBOSE: { about: "whether to say more", default: false },
  TIME: { about: "how long", default: "7s" },
  PEERS: { about: "addresses", unset: "none" },
});
const read = (variables: Record<string, string>) => new Environment(SETTINGS, variables);

describe("a setting", () => {
  it("is what the variable says, else what is declared", () => {
    expect(read({}).integer("PORT")).toBe(8080);
    expect(read({ DEMO_PORT: "" }).integer("PORT")).toBe(8080);
    expect(read({ DEMO_PORT: "1" }).integer("PORT")).toBe(1);
    expect(read({}).flag("VERBOSE")).toBe(false);
    expect(read({ DEMO_VERBOSE: "yes" }).flag("VERBOSE")).toBe(true);
    expect(read({ DEMO_PEERS: "a, b,," }).list("PEERS")).toEqual(["a", "b"]);
    expect(read({}).list("PEERS")).toEqual([]);
  });

  it("that is missing or wrong is named", () => {
    expect(() => read({}).secret("HMAC_ADMIN_KEY")).toThrow(new ConfigurationError("DEMO_HMAC_ADMIN_KEY is not set"));
    expect(() => read({ DEMO_PORT: "http" }).integer("PORT", 0, 9)).toThrow(
      'DEMO_PORT must be a whole number from 0 to 9, not "http"',
    );
    expect(() => read({ DEMO_VERBOSE: "maybe" }).flag("VERBOSE")).toThrow("DEMO_VERBOSE must be true or false");
    expect(() => read({ DEMO_PEERS: "/nowhere" }).file("PEERS")).toThrow("DEMO_PEERS: cannot read /nowhere");
  });
});

describe("a duration", () => {
  const duration = (text: string, minMs?: number) => read({ DEMO_TIME: text }).duration("TIME", minMs);

  it.each([
    ["30s", 30_000],
    ["1m30s", 90_000],
    ["1h", 3_600_000],
    ["250ms", 250],
    ["0", 0],
    ["0s", 0],
    ["90", 90_000],
    ["", 7_000],
  ])("of %j is %i ms", (text, ms) => expect(duration(text)).toBe(ms));

  it.each(["soon", "-1s", "1.5s", "s", "30 s", "1d"])("is not %j", (text) =>
    expect(() => duration(text)).toThrow(`DEMO_TIME must be a duration like 30s or 5m, not "${text}"`),
  );

  it("may have to be more than none", () => expect(() => duration("0s", 1)).toThrow("must be a duration"));
});

describe("variables that are no settings", () => {
  it("are told of, with what was probably meant", () => {
    const misspelt = {
      DEMO_HMAC_ADMIN_KEYS: "x",
      DEMO_PORTS: "1",
      DEMO_NSQD_TCP_ADDR: "nsqd",
      DEMO_PORT: "1",
      PATH: "/",
    };
    expect(read(misspelt).unknown()).toEqual([
      "DEMO_HMAC_ADMIN_KEYS is not a setting of this service and counts for nothing: is DEMO_HMAC_ADMIN_KEY meant?",
      "DEMO_NSQD_TCP_ADDR is not a setting of this service and counts for nothing: docs/settings.md lists them",
      "DEMO_PORTS is not a setting of this service and counts for nothing: is DEMO_PORT meant?",
    ]);
  });

  it("are not those that Kubernetes sets for a service of that name", () => {
    const links = { DEMO_SERVICE_HOST: "10.0.0.1", DEMO_SERVICE_PORT_REST: "80", DEMO_PORT_80_TCP_ADDR: "10.0.0.1" };
    expect(read(links).unknown()).toEqual([]);
  });
});
