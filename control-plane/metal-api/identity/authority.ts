// The certificate authority of metal-api: every agent and every machine gets a certificate that names it.
import "./reflection.ts";
import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { type Component, type Identity, identityUri } from "@metal-stack/service";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const DAY_MS = 24 * 3_600_000;
export const MACHINE_CERTIFICATE_LIFETIME_MS = DAY_MS;
const AUTHORITY_LIFETIME_MS = 10 * 365 * DAY_MS;
/** A certificate is valid a little earlier than now, for peers whose clock is late. */
const BACKDATE_MS = 5 * 60_000;
const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING_ALGORITHM = { name: "ECDSA", hash: "SHA-256" } as const;

export interface IssuedCertificate {
  readonly pem: string;
  /** Lower-case hex, 32 digits. */
  readonly serial: string;
  readonly notAfter: Date;
}

interface IssueRequest {
  readonly identity: Identity;
  readonly publicKey: PublicKey | webcrypto.CryptoKey;
  readonly lifetimeMs: number;
  readonly now: Date;
  /** Names and addresses under which the owner is served. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** What a component uses its certificate for; metal-bmc also serves metal-console. */
const USAGES: Readonly<Record<Component, readonly ExtendedKeyUsage[]>> = {
  "metal-api": [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
  "masterdata-api": [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
  "metal-bmc": [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth],
  pixiecore: [ExtendedKeyUsage.clientAuth],
  "metal-core": [ExtendedKeyUsage.clientAuth],
  machine: [ExtendedKeyUsage.clientAuth],
};

export class CertificateAuthority {
  /** PEM */
  readonly certificate: string;
  readonly #certificate: X509Certificate;
  readonly #key: webcrypto.CryptoKey;

  private constructor(certificate: X509Certificate, key: webcrypto.CryptoKey) {
    this.certificate = certificate.toString("pem");
    this.#certificate = certificate;
    this.#key = key;
  }

  /** @param certificate PEM @param key PEM, P-256 (PKCS #8 or SEC 1). Throws when they are not that. */
  static load(certificate: string, key: string): CertificateAuthority {
    const signingKey = createPrivateKey(key).toCryptoKey(KEY_ALGORITHM, false, ["sign"]);
    return new CertificateAuthority(new X509Certificate(certificate), signingKey);
  }

  /** Makes a new authority; key and certificate as PEM. */
  static async create(name: string, now: Date): Promise<{ certificate: string; key: string }> {
    const keys = await newKeyPair();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      serialNumber: newSerial(),
      notBefore: new Date(now.getTime() - BACKDATE_MS),
      notAfter: new Date(now.getTime() + AUTHORITY_LIFETIME_MS),
      keys,
      signingAlgorithm: SIGNING_ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return { certificate: certificate.toString("pem"), key: await privateKeyPem(keys) };
  }

  /** Signs a certificate for a key. It never outlives the authority's own. */
  async issue({ identity, publicKey, lifetimeMs, now, dnsNames = [], ipAddresses = [] }: IssueRequest) {
    const serial = newSerial();
    const wished = now.getTime() + lifetimeMs;
    // X.509 times are whole seconds.
    const notAfter = new Date(Math.floor(Math.min(wished, this.#certificate.notAfter.getTime()) / 1000) * 1000);
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial,
      // No identity in the subject: it is free text, and only the URI counts.
      subject: `CN=${identity.component}`,
      issuer: this.#certificate.subjectName,
      notBefore: new Date(now.getTime() - BACKDATE_MS),
      notAfter,
      publicKey,
      signingKey: this.#key,
      signingAlgorithm: SIGNING_ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([...USAGES[identity.component]]),
        new SubjectAlternativeNameExtension([
          { type: "url", value: identityUri(identity) },
          ...dnsNames.map((value) => ({ type: "dns" as const, value })),
          ...ipAddresses.map((value) => ({ type: "ip" as const, value })),
        ]),
        await AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
        await SubjectKeyIdentifierExtension.create(publicKey),
      ],
    });
    return { pem: certificate.toString("pem"), serial, notAfter } satisfies IssuedCertificate;
  }
}

/** Signed with P-256; the private key can be exported. */
export async function newKeyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ["sign", "verify"]);
}

export async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
    format: "pem",
    type: "pkcs8",
  }) as string;
}

/** 16 random bytes without leading zeros or a sign bit, so that all tools print the same hex text. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString("hex");
}
