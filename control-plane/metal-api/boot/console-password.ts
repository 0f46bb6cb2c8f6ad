import { Secret } from "@metal-stack/service";
import type { Keyring } from "../secrets/keyring.ts";

/** Whom a console password is sealed for. */
export function consoleOwner(allocationUuid: string): string {
  return `console:${allocationUuid}`;
}

export function sealConsolePassword(keyring: Keyring, allocationUuid: string, password: string): string {
  return keyring.seal(new Secret(password), consoleOwner(allocationUuid));
}

/** In the clear, for whoever may use it; empty when the hammer has not told one. Throws CannotOpen. */
export function openConsolePassword(
  keyring: Keyring,
  { uuid, console_password: sealed }: { readonly uuid: string; readonly console_password: string | null },
): Secret {
  return sealed ? keyring.open(sealed, consoleOwner(uuid)) : new Secret("");
}
