import { describe, expect, it } from "vitest";
import { ConfigurationError, declareSettings, Environment } from "./configuration.ts";

const SETTINGS = declareSettings("DEMO_", {
  PORT: { about: "TCP port", default: 8080 },
  HMAC_ADMIN_KEY: { about: "key" },
  VERBOSE: { about: "whether to say more", default: false },
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
