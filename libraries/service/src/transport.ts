import type { Interceptor, Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { PingedSessions } from "./sessions.ts";

/** How a client proves who it is and whom it trusts; all PEM. */
export interface ClientCredentials {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Clients ping this often, also without streams; the original's server forbids less than 5 s. */
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 5_000;

/**
 * A gRPC client transport with mutual TLS (TLS 1.2 or newer) that notices a dead peer by HTTP/2 pings.
 * @param address "host:port"
 */
export function grpcTransport(
  address: string,
  credentials: ClientCredentials,
  interceptors: Interceptor[] = [],
): Transport {
  const baseUrl = `https://${address}`;
  const pings = { intervalMs: PING_INTERVAL_MS, timeoutMs: PING_TIMEOUT_MS };
  const sessionManager = new PingedSessions(baseUrl, pings, {
    ca: credentials.ca,
    ...(credentials.cert === undefined ? {} : { cert: credentials.cert }),
    ...(credentials.key === undefined ? {} : { key: credentials.key }),
    minVersion: "TLSv1.2",
  });
  return createGrpcTransport({ baseUrl, interceptors, sessionManager });
}
