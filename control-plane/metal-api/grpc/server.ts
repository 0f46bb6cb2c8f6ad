// The gRPC server towards agents and machines: HTTP/2 over TLS, a certificate of its own for every caller.
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type ServerHttp2Session,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { promisify } from "node:util";
import type { DescService } from "@bufbuild/protobuf";
import { createContextValues, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { GrpcIdentity } from "../config.ts";
import type { Context } from "../context.ts";
import { Guard } from "./guard.ts";
import { peerKey, peerOf } from "./peer.ts";

/** A registration with hundreds of NICs and disks stays far below. */
const MAX_REQUEST_BYTES = 1024 * 1024;
const MAX_CONNECTIONS = 20_000;
/** From one address, of peers that have not shown a certificate (yet): a partition behind NAT boots that many at once. */
const MAX_UNKNOWN_PER_ADDRESS = 256;
/** A TLS handshake that takes longer, and a connection without a certificate that lives longer, is ended. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
const UNKNOWN_LIFETIME_MS = 60_000;
const MAX_STREAMS_PER_CONNECTION = 600;
/** A machine that lost power never says goodbye: unanswered pings end its streams. */
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 5_000;
/** How long calls under way may take to end at shutdown. */
const SHUTDOWN_GRACE_MS = 3_000;

/** Adds a service; every method goes through the guard. */
type AddService = <Service extends DescService>(service: Service, implementation: ServiceImpl<Service>) => void;

/** What a room adds to the server. */
export type GrpcModule = (add: AddService, context: Context) => void;

export interface GrpcServer {
  /** Resolves with the port. */
  listen(address: string, port: number): Promise<number>;
  /** Ends all streams with UNAVAILABLE and closes the connections. */
  close(): Promise<void>;
}

export function createGrpcServer(context: Context, identity: GrpcIdentity, modules: readonly GrpcModule[]): GrpcServer {
  const stopping = new AbortController();
  const guard = new Guard(context, stopping.signal);
  const handler = connectNodeAdapter({
    connect: false,
    grpcWeb: false,
    readMaxBytes: MAX_REQUEST_BYTES,
    shutdownSignal: stopping.signal,
    contextValues: (request) => createContextValues().set(peerKey, peerOf(request as Http2ServerRequest)),
    routes: (router) => {
      for (const module of modules)
        module((service, implementation) => router.service(service, guard.wrap(service, implementation)), context);
    },
  });
  const server = createSecureServer(
    {
      key: identity.key.reveal(),
      cert: identity.cert,
      ca: identity.caCert,
      minVersion: "TLSv1.2",
      ALPNProtocols: ["h2"],
      requestCert: true,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      // A machine that is about to trade its ticket has no certificate yet; the guard asks for it everywhere else.
      rejectUnauthorized: false,
      settings: { maxConcurrentStreams: MAX_STREAMS_PER_CONNECTION },
    },
    (request, response) => handler(request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  boundStrangers(server);
  const sessions = trackSessions(server);
  server.on("sessionError", (error) => context.log.debug({ err: error }, "a gRPC connection broke"));
  server.on("tlsClientError", (error) => context.log.debug({ err: error }, "a TLS handshake failed"));

  return {
    async listen(address, port) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once("error", reject).listen(port, address, resolve);
      await promise;
      return (server.address() as AddressInfo).port;
    },
    async close() {
      const closed = promisify(server.close.bind(server))().catch(() => undefined);
      stopping.abort();
      for (const session of sessions) session.close();
      const impatient = setTimeout(() => sessions.forEach((session) => session.destroy()), SHUTDOWN_GRACE_MS);
      await closed;
      clearTimeout(impatient);
    },
  };
}

/** Connections that have not shown a certificate are few, and do not stay. */
function boundStrangers(server: Http2SecureServer): void {
  const unknown = new Map<string, Set<string>>();
  const keyOf = ({ remoteAddress = "", remotePort = 0 }: Socket) => [remoteAddress, String(remotePort)] as const;
  const forget = ([address, port]: readonly [string, string]) => {
    const ports = unknown.get(address);
    ports?.delete(port);
    if (ports?.size === 0) unknown.delete(address);
  };
  server.on("connection", (socket: Socket) => {
    const key = keyOf(socket);
    const ports = unknown.get(key[0]) ?? new Set();
    if (ports.size >= MAX_UNKNOWN_PER_ADDRESS) return void socket.destroy();
    unknown.set(key[0], ports.add(key[1]));
    socket.once("close", () => forget(key));
  });
  server.on("secureConnection", (socket) => {
    if (socket.authorized) return forget(keyOf(socket));
    const late = setTimeout(() => socket.destroy(), UNKNOWN_LIFETIME_MS);
    socket.once("close", () => clearTimeout(late));
  });
}

/** Keeps the open sessions, and ends those whose peer does not answer pings any more. */
function trackSessions(server: Http2SecureServer): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    const pings = setInterval(() => {
      // Destroyed but not closed yet: a ping would throw, and nobody would catch it.
      if (session.destroyed) return;
      const unanswered = setTimeout(() => session.destroy(), PING_TIMEOUT_MS);
      const sent = session.ping(() => clearTimeout(unanswered));
      if (!sent) clearTimeout(unanswered);
    }, PING_INTERVAL_MS);
    session.once("close", () => {
      clearInterval(pings);
      sessions.delete(session);
    });
  });
  return sessions;
}
