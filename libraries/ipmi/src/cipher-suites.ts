// The two cipher suites worth speaking (table 22-20): 3, which every BMC has, and 17, its SHA-256 successor.
// Suites without authentication or encryption (0, 1, 2, 15, 16) are left out on purpose.

export type CipherSuiteId = 3 | 17;

export interface CipherSuite {
  readonly id: CipherSuiteId;
  /** Algorithm numbers of tables 13-17, 13-18 and 13-19. */
  readonly authentication: number;
  readonly integrity: number;
  readonly confidentiality: number;
  /** node:crypto's name of the hash below all of them. */
  readonly hash: "sha1" | "sha256";
  /** Bytes of a key exchange code, and of a packet's authentication code. */
  readonly keyLength: number;
  readonly codeLength: number;
}

export const CIPHER_SUITES: Readonly<Record<CipherSuiteId, CipherSuite>> = {
  3: { id: 3, authentication: 1, integrity: 1, confidentiality: 1, hash: "sha1", keyLength: 20, codeLength: 12 },
  17: { id: 17, authentication: 3, integrity: 4, confidentiality: 1, hash: "sha256", keyLength: 32, codeLength: 16 },
};

export interface Algorithms {
  readonly authentication: number;
  readonly integrity: number;
  readonly confidentiality: number;
}

export function findCipherSuite(algorithms: Algorithms): CipherSuite | undefined {
  return Object.values(CIPHER_SUITES).find(
    (suite) =>
      suite.authentication === algorithms.authentication &&
      suite.integrity === algorithms.integrity &&
      suite.confidentiality === algorithms.confidentiality,
  );
}

/** Start of a standard record, and the tags of the integrity and confidentiality numbers in it (§22.15.2). */
const STANDARD_SUITE = 0xc0;
const INTEGRITY = 0x40;
const CONFIDENTIALITY = 0x80;

/** The records that Get Channel Cipher Suites hands out. */
export function encodeCipherSuites(suites: readonly CipherSuite[]): Buffer {
  return Buffer.from(
    suites.flatMap((suite) => [
      STANDARD_SUITE,
      suite.id,
      suite.authentication,
      INTEGRITY | suite.integrity,
      CONFIDENTIALITY | suite.confidentiality,
    ]),
  );
}
