// What a UDP datagram to port 623 holds (§13.1-13.6): RMCP header, then ASF ping/pong or an IPMI session packet.

const RMCP_HEADER = Buffer.of(0x06, 0x00, 0xff);
const CLASS_ASF = 0x06;
const CLASS_IPMI = 0x07;
/** Larger datagrams are not IPMI: payloads are bounded to the LAN MTU. */
const MAX_DATAGRAM = 2048;

const AUTH_NONE = 0x00;
const AUTH_RMCP_PLUS = 0x06;
const ENCRYPTED = 0x80;
const AUTHENTICATED = 0x40;
/** authType, payload type, session id, session sequence, payload length (table 13-8). */
const V2_HEADER = 12;
const V15_HEADER = 10;

/** ASF's enterprise number and its two messages (§13.2.3). */
const ASF_IANA = 4542;
const ASF_PING = 0x80;
const ASF_PONG = 0x40;

export type Packet =
  | { readonly format: "ping"; readonly tag: number }
  | { readonly format: "1.5"; readonly payload: Buffer }
  | V2Packet;

export interface V2Packet {
  readonly format: "2.0";
  readonly payloadType: number;
  readonly encrypted: boolean;
  readonly authenticated: boolean;
  readonly sessionId: number;
  readonly sequence: number;
  readonly payload: Buffer;
  /** From the authentication type to the datagram's end: what the authentication code covers, and the code itself. */
  readonly session: Buffer;
}

export interface V2Header {
  readonly payloadType: number;
  readonly encrypted: boolean;
  readonly authenticated: boolean;
  readonly sessionId: number;
  readonly sequence: number;
}

/** Undefined for everything that is not a packet we speak; never throws. IPMI 1.5 only outside of sessions. */
export function decodePacket(datagram: Buffer): Packet | undefined {
  if (datagram.length < 5 || datagram.length > MAX_DATAGRAM || datagram[0] !== RMCP_HEADER[0]) return undefined;
  if (datagram[3] === CLASS_ASF) return decodePing(datagram);
  if (datagram[3] !== CLASS_IPMI) return undefined;
  const session = datagram.subarray(4);
  if (session[0] === AUTH_NONE) return decodeV15(session);
  if (session[0] !== AUTH_RMCP_PLUS || session.length < V2_HEADER) return undefined;
  const length = session.readUInt16LE(10);
  if (V2_HEADER + length > session.length) return undefined;
  return {
    format: "2.0",
    payloadType: session[1]! & 0x3f,
    encrypted: (session[1]! & ENCRYPTED) !== 0,
    authenticated: (session[1]! & AUTHENTICATED) !== 0,
    sessionId: session.readUInt32LE(2),
    sequence: session.readUInt32LE(6),
    payload: session.subarray(V2_HEADER, V2_HEADER + length),
    session,
  };
}

function decodePing(datagram: Buffer): Packet | undefined {
  if (datagram.length < 12 || datagram.readUInt32BE(4) !== ASF_IANA || datagram[8] !== ASF_PING) return undefined;
  return { format: "ping", tag: datagram[9]! };
}

function decodeV15(session: Buffer): Packet | undefined {
  if (session.length < V15_HEADER || session.readUInt32LE(5) !== 0) return undefined;
  const length = session[9]!;
  if (V15_HEADER + length > session.length) return undefined;
  return { format: "1.5", payload: session.subarray(V15_HEADER, V15_HEADER + length) };
}

/** The session header and its payload; `protection.ts` adds the trailer. */
export function encodeV2(header: V2Header, payload: Buffer): Buffer {
  const head = Buffer.alloc(V2_HEADER);
  head[0] = AUTH_RMCP_PLUS;
  head[1] = header.payloadType | (header.encrypted ? ENCRYPTED : 0) | (header.authenticated ? AUTHENTICATED : 0);
  head.writeUInt32LE(header.sessionId, 2);
  head.writeUInt32LE(header.sequence, 6);
  head.writeUInt16LE(payload.length, 10);
  return Buffer.concat([head, payload]);
}

/** Puts the RMCP header before a session packet. */
export function encodeRmcp(session: Buffer): Buffer {
  return Buffer.concat([RMCP_HEADER, Buffer.of(CLASS_IPMI), session]);
}

/** An RMCP+ packet outside of any session, as the session set-up uses. */
export function encodeSessionless(payloadType: number, payload: Buffer): Buffer {
  return encodeRmcp(
    encodeV2({ payloadType, encrypted: false, authenticated: false, sessionId: 0, sequence: 0 }, payload),
  );
}

export function encodeV15(payload: Buffer): Buffer {
  const head = Buffer.alloc(V15_HEADER);
  head[9] = payload.length;
  return encodeRmcp(Buffer.concat([head, payload]));
}

/** The answer to a presence ping: "IPMI supported, ASF 1.0" (§13.2.4). */
export function encodePong(tag: number): Buffer {
  const pong = Buffer.alloc(24);
  pong.writeUInt32BE(ASF_IANA, 0);
  pong[4] = ASF_PONG;
  pong[5] = tag;
  pong[7] = 16;
  pong.writeUInt32BE(ASF_IANA, 8);
  pong[16] = 0x81;
  return Buffer.concat([RMCP_HEADER, Buffer.of(CLASS_ASF), pong]);
}
