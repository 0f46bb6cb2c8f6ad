// Where the keys that seal the secrets in the database come from.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigurationError, type Logger } from "@metal-stack/service";
import type { MetalApiEnvironment } from "../settings.ts";
import { Keyring } from "./keyring.ts";

const SETTING = "METAL_API_SECRETS_KEY_FILE";
const READABLE_BY_OTHERS = 0o077;

/**
 * The keys in the file SECRETS_KEY_FILE; with an embedded database and no such setting, those in a file beside its folder,
 * which is made on the first start. Throws ConfigurationError.
 */
export function readKeyring(environment: MetalApiEnvironment, log: Pick<Logger, "warn" | "info">): Keyring {
  const setting = environment.optional("SECRETS_KEY_FILE");
  const embedded = environment.optional("EMBEDDED_POSTGRES_DIR");
  const file = setting ?? (embedded && `${embedded.replace(/\/+$/, "")}.keys`);
  if (!file) {
    throw new ConfigurationError(
      `${SETTING} is not set: it names the file with the keys that seal BMC and console passwords in the database. ` +
        "Make it once, keep it where the database and its backups are not: head -c 32 /dev/urandom | base64",
    );
  }
  if (!setting && makeIfMissing(file)) log.info({ file }, "made a key for the secrets in the database: keep it");
  try {
    if (statSync(file).mode & READABLE_BY_OTHERS) log.warn({ file }, "the key file can be read by others: chmod 600");
    return Keyring.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ConfigurationError(`${SETTING}: cannot use ${file}: ${(error as Error).message}`);
  }
}

/** True when it made the file; of two processes that try, one does. */
function makeIfMissing(file: string): boolean {
  mkdirSync(dirname(file), { recursive: true });
  let descriptor: number;
  try {
    descriptor = openSync(file, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  try {
    writeSync(descriptor, Keyring.newKey());
    // What is sealed with a key that a power cut takes away is lost.
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return true;
}
