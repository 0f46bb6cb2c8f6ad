// A certificate authority for tests: makes the server's certificate and answers signing requests.
import type { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type JsonGeneralName,
  type X509Certificate,
} from "./x509.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

const newKeys = () => crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

export class TestAuthority {
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #certificate: X509Certificate;
  #serial = 1;

  private constructor(keys: webcrypto.CryptoKeyPair, certificate: X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
  }

  static async create(): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: "CN=test authority",
      keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      extensions: [new BasicConstraintsExtension(true, 1, true)],
    });
    return new TestAuthority(keys, certificate);
  }

  get pem(): string {
    return this.#certificate.toString("pem");
  }

  /** A key and a certificate for a server at these addresses. */
  async server(addresses: readonly string[]): Promise<{ cert: string; key: string }> {
    const keys = await newKeys();
    const names: JsonGeneralName[] = addresses.map((value) => ({
      type: /^[\d.]+$/.test(value) ? ("ip" as const) : ("dns" as const),
      value,
    }));
    const cert = await this.#issue(keys.publicKey, names, DAY_MS);
    const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
    return {
      cert,
      key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)!.join("\n")}\n-----END PRIVATE KEY-----\n`,
    };
  }

  /** Answers a signing request. @throws {Error} when it is not signed by its own key */
  async sign(csr: Uint8Array, uri: string, lifeMs: number): Promise<string> {
    const request = new Pkcs10CertificateRequest(Buffer.from(csr));
    if (!(await request.verify())) throw new Error("the signing request is not signed by its own key");
    return this.#issue(await request.publicKey.export(ALGORITHM, ["verify"]), [{ type: "url", value: uri }], lifeMs);
  }

  async #issue(publicKey: webcrypto.CryptoKey, names: JsonGeneralName[], lifeMs: number): Promise<string> {
    this.#serial += 1;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: this.#serial.toString(16).padStart(4, "0"),
      issuer: this.#certificate.subject,
      publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + lifeMs),
      extensions: [new SubjectAlternativeNameExtension(names)],
    });
    return certificate.toString("pem");
  }
}
