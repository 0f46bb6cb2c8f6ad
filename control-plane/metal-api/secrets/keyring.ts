// Seals secrets for the database: AES-256-GCM (NIST SP 800-38D), with keys that the database never sees.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { Secret } from "@metal-stack/service";

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** sealed:<id of the key>:<nonce, ciphertext, tag in base64url> */
const SEALED = /^sealed:([0-9a-f]{8}):([A-Za-z0-9_-]+)$/;

/** The key is not in the ring, or what is to be opened was changed or belongs to somebody else. */
export class CannotOpen extends Error {
  override readonly name = "CannotOpen";
}

interface Key {
  /** The start of the key's SHA-256: nobody has to think of names for keys. */
  readonly id: string;
  readonly bytes: Buffer;
}

export class Keyring {
  readonly #keys: ReadonlyMap<string, Key>;
  readonly #newest: Key;

  private constructor(keys: readonly Key[]) {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#newest = keys.at(-1)!;
  }

  /**
   * Reads keys: one a line, 32 bytes in base64, the newest last; empty lines and lines with # do not count.
   * @throws {Error} that names the wrong line, without its content
   */
  static parse(text: string): Keyring {
    const keys = text.split("\n").flatMap((line, index) => {
      const content = line.trim();
      if (content === "" || content.startsWith("#")) return [];
      const bytes = Buffer.from(content, "base64");
      if (bytes.length !== KEY_BYTES || !/^[A-Za-z0-9+/]{43}=$/.test(content))
        throw new Error(`line ${index + 1} is not a key: expected ${KEY_BYTES} bytes in base64 (44 characters)`);
      return [{ id: createHash("sha256").update(bytes).digest("hex").slice(0, 8), bytes }];
    });
    if (keys.length === 0) throw new Error("it holds no key");
    return new Keyring(keys);
  }

  /** A line for {@link parse} with a fresh key. */
  static newKey(): string {
    return `${randomBytes(KEY_BYTES).toString("base64")}\n`;
  }

  /**
   * Encrypts with the newest key.
   * @param owner whose secret it is, as `bmc:<machine id>`: sealed for one owner it does not open for another
   */
  seal(secret: Secret, owner: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#newest.bytes, nonce).setAAD(Buffer.from(owner));
    const text = [nonce, cipher.update(secret.reveal(), "utf8"), cipher.final(), cipher.getAuthTag()];
    return `sealed:${this.#newest.id}:${Buffer.concat(text).toString("base64url")}`;
  }

  /** @throws {CannotOpen} */
  open(sealed: string, owner: string): Secret {
    const [, id = "", text = ""] = SEALED.exec(sealed) ?? [];
    const key = this.#keys.get(id);
    if (!key)
      throw new CannotOpen(`the secret of ${owner} is sealed with key ${id || "?"}, which is not in the key file`);
    const bytes = Buffer.from(text, "base64url");
    try {
      const decipher = createDecipheriv(ALGORITHM, key.bytes, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(-TAG_BYTES));
      const clear = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
      return new Secret(Buffer.concat(clear).toString("utf8"));
    } catch {
      throw new CannotOpen(`the secret of ${owner} was changed in the database, or belongs to another owner`);
    }
  }

  /** Whether it was sealed with the newest key. */
  isCurrent(sealed: string): boolean {
    return SEALED.exec(sealed)?.[1] === this.#newest.id;
  }
}

export function isSealed(text: string): boolean {
  return SEALED.test(text);
}
