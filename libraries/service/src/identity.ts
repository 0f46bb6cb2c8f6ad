// Who a peer is: every component and every machine has a certificate of its own that names it.

/** The kinds of peers that metal-api knows by certificate. */
export type Component = "metal-api" | "masterdata-api" | "pixiecore" | "metal-bmc" | "metal-core" | "machine";

/** What a client certificate says of its owner. */
export interface Identity {
  readonly component: Component;
  /** Partition id for pixiecore and metal-bmc, switch id for metal-core, machine uuid for a machine. */
  readonly id: string;
}

const COMPONENTS: readonly string[] = [
  "metal-api",
  "masterdata-api",
  "pixiecore",
  "metal-bmc",
  "metal-core",
  "machine",
];

/** The URI that goes into the certificate's subject alternative name. */
export function identityUri(identity: Identity): string {
  return `urn:metal-stack:${identity.component}:${encodeURIComponent(identity.id)}`;
}

/**
 * Reads the identity from a certificate's subject alternative names, in the text form that
 * Node's `tls` reports (`"DNS:a, URI:urn:metal-stack:machine:…"`). Undefined when it names none.
 */
export function parseIdentity(subjectAltName: string | undefined): Identity | undefined {
  for (const entry of (subjectAltName ?? "").split(/,\s*/)) {
    const match = /^URI:urn:metal-stack:([a-z-]+):([^:,"]+)$/.exec(entry);
    if (!match || !COMPONENTS.includes(match[1]!)) continue;
    try {
      return { component: match[1] as Component, id: decodeURIComponent(match[2]!) };
    } catch {
      return undefined;
    }
  }
  return undefined;
}
