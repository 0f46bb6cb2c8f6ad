// Whom metalctl trusts: Go asks the system, Node brings a list of its own. Reading the system's takes longer than most
// commands, so it is read only for a server that is not in Node's.
import type { Fetch } from "@metal-stack/sdk";
import { nodeFetch } from "@metal-stack/sdk/node";

/** Codes of OpenSSL's errors about an issuer that is not known. */
const UNKNOWN_ISSUER = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

/** The code that an error, or what caused it, has. */
const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? ((error as Error).cause === undefined ? "" : codeOf((error as Error).cause));

export const isUnknownIssuer = (error: unknown): boolean => UNKNOWN_ISSUER.includes(codeOf(error));

/** Lets all of this process trust whom Node and the system trust: a log-in waits for a person anyway. */
export async function trustSystem(): Promise<void> {
  const { getCACertificates, setDefaultCACertificates } = await import("node:tls");
  setDefaultCACertificates([...getCACertificates("default"), ...getCACertificates("system")]);
}

/** A transport that trusts whom Node and the system trust. Nothing was sent to a server that is tried again. */
export function systemFetch(): Fetch {
  let fetch = nodeFetch();
  let isSystem = false;
  return async (url, init) => {
    try {
      return await fetch(url, init);
    } catch (error) {
      if (isSystem || !isUnknownIssuer(error)) throw error;
      isSystem = true;
      const { getCACertificates } = await import("node:tls");
      fetch = nodeFetch({ ca: [...getCACertificates("default"), ...getCACertificates("system")].join("\n") });
      return fetch(url, init);
    }
  };
}
