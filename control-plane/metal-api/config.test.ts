import { Environment } from "@metal-stack/service";
import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";
import { SETTINGS } from "./settings.ts";

const KEYS = {
  METAL_API_HMAC_VIEW_KEY: "a-key-of-the-viewers",
  METAL_API_HMAC_EDIT_KEY: "a-key-of-the-editors",
  METAL_API_HMAC_ADMIN_KEY: "a-key-of-the-admins",
};
const read = (variables: Record<string, string>) => readConfig(new Environment(SETTINGS, { ...KEYS, ...variables }));

describe("an HMAC key", () => {
  it.each([
    [{ METAL_API_HMAC_EDIT_KEY: "must-be-changed" }, "METAL_API_HMAC_EDIT_KEY is the publicly known default"],
    [{ METAL_API_HMAC_ADMIN_KEY: "metal-admin" }, "METAL_API_HMAC_ADMIN_KEY is shorter than 16 characters"],
    [
      { METAL_API_HMAC_ADMIN_KEY: KEYS.METAL_API_HMAC_VIEW_KEY },
      "METAL_API_HMAC_ADMIN_KEY is also the key of another role",
    ],
    [{ METAL_API_HMAC_VIEW_KEY: "" }, "METAL_API_HMAC_VIEW_KEY is not set"],
  ])("as in %j is refused", (variables, message) => {
    expect(() => read(variables)).toThrow(message);
    expect(() => read({ ...variables, METAL_API_ALLOW_DEFAULT_KEYS: "true" })).not.toThrow();
  });

  it("of its own is taken", () => {
    expect(read({}).hmac.edit.key.reveal()).toBe(KEYS.METAL_API_HMAC_EDIT_KEY);
    expect(read({}).hmac.admin.lifetimeMs).toBe(90_000);
  });
});

it.each(["proxy", "10.0.0.0/33", "10.0.0.0/8/8", "10.0.0.0/"])("a proxy named %s is refused", (text) => {
  expect(() => read({ METAL_API_TRUSTED_PROXIES: `127.0.0.1,${text}` })).toThrow(`not "${text}"`);
});

it("proxies are addresses and CIDRs", () => {
  const proxies = ["127.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32"];
  expect(read({ METAL_API_TRUSTED_PROXIES: proxies.join(", ") }).rate.trustedProxies).toEqual(proxies);
});

it("the oldest client is named by a semantic version", () => {
  expect(read({ METAL_API_MINIMUM_CLIENT_VERSION: "v1.2.3-rc.1" }).minimumClientVersion).toBe("v1.2.3-rc.1");
  expect(() => read({ METAL_API_MINIMUM_CLIENT_VERSION: "newest" })).toThrow("must be a semantic version");
});
