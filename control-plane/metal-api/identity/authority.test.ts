import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { parseIdentity } from "@metal-stack/service";
import { afterAll, describe, expect, it } from "vitest";
import { CertificateAuthority, newKeyPair } from "./authority.ts";
import { keyOfSigningRequest } from "./signing-request.ts";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { webcrypto } from "node:crypto";

const NOW = new Date("2026-11-23T12:00:00.500Z");
const MACHINE = "00000000-0000-0000-0000-0000000000a1";
const folder = mkdtempSync(join(tmpdir(), "metal-issue-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function signingRequest(keys: webcrypto.CryptoKeyPair): Promise<Uint8Array> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=whoever",
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
  });
  return new Uint8Array(request.rawData);
}

describe("a certificate", () => {
  it("names its machine, is for clients only, and ends after its lifetime", async () => {
    const made = await CertificateAuthority.create("test", NOW);
    const authority = CertificateAuthority.load(made.certificate, made.key);
    const key = await keyOfSigningRequest(await signingRequest(await newKeyPair()));
    const issued = await authority.issue({
      identity: { component: "machine", id: MACHINE },
      publicKey: key,
      lifetimeMs: 3_600_000,
      now: NOW,
    });
    const certificate = new X509Certificate(issued.pem);
    const ca = new X509Certificate(authority.certificate);
    expect(certificate.checkIssued(ca) && certificate.verify(ca.publicKey)).toBe(true);
    expect(parseIdentity(certificate.subjectAltName)).toEqual({ component: "machine", id: MACHINE });
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(certificate.ca).toBe(false);
    expect(certificate.serialNumber.toLowerCase()).toBe(issued.serial);
    expect(new Date(certificate.validTo)).toEqual(issued.notAfter);
    expect(issued.notAfter).toEqual(new Date("2026-11-23T13:00:00Z"));
  });

  it("is not signed for requests that prove nothing or are no requests", async () => {
    const good = await signingRequest(await newKeyPair());
    const tampered = Uint8Array.from(good);
    tampered[tampered.length - 5]! ^= 1;
    const otherCurve = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, true, [
      "sign",
      "verify",
    ]);
    await expect(keyOfSigningRequest(tampered)).rejects.toThrow("not signed by its own key");
    await expect(keyOfSigningRequest(await signingRequest(otherCurve))).rejects.toThrow("P-256");
    await expect(keyOfSigningRequest(new Uint8Array())).rejects.toThrow("PKCS #10");
    await expect(keyOfSigningRequest(good.subarray(0, 100))).rejects.toThrow("PKCS #10");
    await expect(keyOfSigningRequest(new Uint8Array(5000))).rejects.toThrow("longer than 4096");
  });
});

describe("the issue tool", () => {
  const ca = ["--ca-cert", join(folder, "ca.pem"), "--ca-key", join(folder, "ca-key.pem")];
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "issue.ts"), ...args], { encoding: "utf8" });

  it("makes an authority once, and certificates for components", () => {
    expect(run("--init", ...ca)).toMatchObject({ status: 0, stderr: "" });
    expect(run("--init", ...ca).stderr).toContain("EEXIST");
    const out = join(folder, "leaf01");
    const issued = run(
      ...ca,
      "--component",
      "metal-core",
      "--id",
      "leaf01",
      "--out",
      out,
      "--dns",
      "leaf01",
      "--ip",
      "::1",
    );
    expect(issued).toMatchObject({ status: 0, stderr: "" });
    expect(statSync(join(out, "key.pem")).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "ca-key.pem")).mode & 0o777).toBe(0o600);
    const { subjectAltName } = new X509Certificate(readFileSync(join(out, "cert.pem")));
    expect(subjectAltName).toBe("URI:urn:metal-stack:metal-core:leaf01, DNS:leaf01, IP Address:0:0:0:0:0:0:0:1");
  });

  it("says what is wrong", () => {
    expect(run(...ca, "--component", "toaster", "--id", "1", "--out", folder).stderr).toContain('component "toaster"');
    expect(run(...ca).stderr).toContain("--component is missing");
  });
});
