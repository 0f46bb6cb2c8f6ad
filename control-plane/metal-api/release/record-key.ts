// The key that signs erase records: Ed25519, in a file and never in the database. Its public half is kept with the records.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { ConfigurationError, Secret } from "@metal-stack/service";

const SECRET_MODE = 0o600;
/** Characters of a key's id: 128 bits of a SHA-256. */
const ID_LENGTH = 32;

/** A private key as PEM (PKCS #8). */
export function newRecordKey(): Secret {
  const { privateKey } = generateKeyPairSync("ed25519");
  return new Secret(privateKey.export({ format: "pem", type: "pkcs8" }) as string);
}

/**
 * The key in a file. @param make a file that is not there is made; never overwrites one, also when two processes start at
 * once. Throws ConfigurationError, saying how to make a key.
 */
export function readRecordKey(path: string, make: boolean): RecordSigner {
  try {
    if (make && !existsSync(path)) makeFile(path);
    return new RecordSigner(new Secret(readFileSync(path, "utf8")));
  } catch (error) {
    throw new ConfigurationError(
      `METAL_API_RECORD_KEY_FILE: no key to sign erase records with in ${path} (${(error as Error).message}); ` +
        `make one with: openssl genpkey -algorithm ed25519 -out ${path}`,
    );
  }
}

function makeFile(path: string): void {
  const whole = `${path}.${process.pid}`;
  writeFileSync(whole, newRecordKey().reveal(), { mode: SECRET_MODE });
  try {
    linkSync(whole, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(whole);
  }
}

export class RecordSigner {
  /** The first 128 bits, in hex, of the SHA-256 of the public key (DER, SubjectPublicKeyInfo). */
  readonly keyId: string;
  /** PEM */
  readonly publicKey: string;
  readonly #key: KeyObject;

  /** Throws when it is no Ed25519 key. */
  constructor(key: Secret) {
    this.#key = createPrivateKey(key.reveal());
    if (this.#key.asymmetricKeyType !== "ed25519") throw new Error("it is no Ed25519 key");
    const publicKey = createPublicKey(this.#key);
    this.publicKey = publicKey.export({ format: "pem", type: "spki" }) as string;
    const der = publicKey.export({ format: "der", type: "spki" });
    this.keyId = createHash("sha256").update(der).digest("hex").slice(0, ID_LENGTH);
  }

  /** Base64. */
  sign(text: string): string {
    return sign(null, Buffer.from(text), this.#key).toString("base64");
  }
}
