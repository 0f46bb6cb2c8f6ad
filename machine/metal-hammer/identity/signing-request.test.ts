import { createPrivateKey, createPublicKey } from "node:crypto";
import { createSigningRequest } from "@metal-stack/service";
import { describe, expect, it } from "vitest";
import { Pkcs10CertificateRequest } from "../testing/x509.ts";
import { renewalDelay } from "./rules-renewal.ts";

describe("a signing request", () => {
  it("is read and verified by another implementation, and fits the private key", async () => {
    const { csr, privateKey } = await createSigningRequest("00000000-0000-0000-0000-0000000000a1");
    const request = new Pkcs10CertificateRequest(Buffer.from(csr));
    expect(await request.verify()).toBe(true);
    expect(request.subject).toBe("CN=00000000-0000-0000-0000-0000000000a1");
    const publicKey = createPublicKey(createPrivateKey(privateKey)).export({ type: "spki", format: "der" });
    expect(Buffer.from(request.publicKey.rawData).equals(publicKey)).toBe(true);
    expect(createPrivateKey(privateKey).asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
  });

  it("never uses a key twice", async () => {
    const [one, other] = await Promise.all([createSigningRequest("a"), createSigningRequest("a")]);
    expect(one.privateKey).not.toBe(other.privateKey);
  });
});

describe("a certificate", () => {
  const now = new Date("2026-11-23T16:00:00Z");
  it("is renewed at two thirds of its life", () => {
    expect(renewalDelay(new Date("2026-11-23T19:00:00Z"), now)).toBe(2 * 3_600_000);
  });
  it("for years is renewed within what a timer can count", () => {
    expect(renewalDelay(new Date("2030-11-23T16:00:00Z"), now)).toBe(7 * 86_400_000);
  });
  it("that has ended is renewed soon, but not in a busy loop", () => {
    expect(renewalDelay(new Date("2026-11-22T00:00:00Z"), now)).toBe(1_000);
  });
});
