// Who is at the other end of a connection, read from its client certificate.
import type { Http2ServerRequest } from "node:http2";
import type { TLSSocket } from "node:tls";
import { createContextKey } from "@connectrpc/connect";
import { type Identity, parseIdentity } from "@metal-stack/service";

export interface Peer {
  /** Undefined without a certificate that our authority signed and that names its owner. */
  readonly identity: Identity | undefined;
  /** A certificate of our authority that names nobody: what the original's agents share. */
  readonly anonymousCertificate: boolean;
  /** Lower-case hex; empty without a certificate. */
  readonly serial: string;
  readonly notAfter: Date;
  /** IP address. */
  readonly address: string;
}

const NOBODY: Peer = {
  identity: undefined,
  anonymousCertificate: false,
  serial: "",
  notAfter: new Date(0),
  address: "",
};

export const peerKey = createContextKey<Peer>(NOBODY, { description: "peer" });

const peers = new WeakMap<object, Peer>();

/** The peer of a request; the certificate is read once a connection. */
export function peerOf(request: Http2ServerRequest): Peer {
  const session = request.stream.session;
  if (!session) return NOBODY;
  let peer = peers.get(session);
  if (!peer) peers.set(session, (peer = readPeer(session.socket as TLSSocket)));
  return peer;
}

function readPeer(socket: TLSSocket): Peer {
  if (!socket.authorized) return { ...NOBODY, address: socket.remoteAddress ?? "" };
  const { subjectaltname, serialNumber, valid_to } = socket.getPeerCertificate();
  const identity = parseIdentity(subjectaltname);
  return {
    identity,
    anonymousCertificate: identity === undefined,
    serial: serialNumber.toLowerCase(),
    notAfter: new Date(valid_to),
    address: socket.remoteAddress ?? "",
  };
}
