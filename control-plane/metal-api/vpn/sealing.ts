// The key with which a firewall joins its project's VPN, as the database keeps it.
import type { Secret } from "@metal-stack/service";
import type { Vpn } from "../database/documents.ts";
import type { Keyring } from "../secrets/keyring.ts";

/** How a firewall joins its project's VPN, once. */
export interface Join {
  /** URL. */
  readonly address: string;
  readonly key: Secret;
}

/** Whom such a key is sealed for. */
export function vpnOwner(allocationUuid: string): string {
  return `vpn:${allocationUuid}`;
}

/** As it is stored. */
export function sealedVpn(keyring: Keyring, allocationUuid: string, { address, key }: Join): Vpn {
  return { address, auth_key: keyring.seal(key, vpnOwner(allocationUuid)), connected: false };
}

/** For its firewall, and who may act for it. Throws CannotOpen. */
export function openVpnKey(keyring: Keyring, allocationUuid: string, { auth_key: sealed }: Vpn): Secret {
  return keyring.open(sealed, vpnOwner(allocationUuid));
}
