// A read-only TFTP server: one socket for requests, one more for each transfer (RFC 1350 §4).
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { decodeClientPacket, encodeError, ErrorCode, Opcode, type ReadRequest } from "./packet.ts";
import { negotiate, safePath, Sending, toNetascii } from "./rules.ts";

export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** Returns the file's bytes, or undefined when there is no such file. The path has no leading slash and no "..". */
export type ReadFile = (path: string, peer: Peer) => Promise<Uint8Array | undefined>;

/** How a transfer ended, for logs and counters. `error` is absent when the client acknowledged everything. */
export interface TransferReport {
  readonly path: string;
  readonly peer: Peer;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly error?: string;
}

export interface TftpOptions {
  readonly read: ReadFile;
  /** Where to listen; the transfers use the same address. Default all addresses. */
  readonly address?: string;
  /** Default 69; 0 takes a free one. */
  readonly port?: number;
  /** Transfers at the same time, over all and for one client. Requests beyond are dropped; clients repeat them. */
  readonly maxTransfers?: number;
  readonly maxTransfersPerPeer?: number;
  /** Upper limit of blksize. The default fits an Ethernet frame: fragments are often lost by firmware. */
  readonly maxBlockBytes?: number;
  /** Milliseconds until a window is repeated, unless the client chose; and how often before giving up. */
  readonly timeoutMs?: number;
  readonly maxRepeats?: number;
  readonly onStart?: (path: string, peer: Peer) => void;
  readonly onEnd?: (report: TransferReport) => void;
}

/** A server that runs. */
export interface TftpServer {
  readonly port: number;
  /** Stops listening and ends all transfers. */
  close(): Promise<void>;
}

const TFTP_PORT = 69;
const ETHERNET_BLOCK_BYTES = 1_468;

/** Starts to serve; rejects when the port cannot be had. */
export async function serveTftp(options: TftpOptions): Promise<TftpServer> {
  const transfers = new Map<Transfer, string>();
  const maxTransfers = options.maxTransfers ?? 64;
  const maxTransfersPerPeer = options.maxTransfersPerPeer ?? 8;

  const socket = newSocket(options.address);
  socket.on("message", (message, remote) => {
    const packet = decodeClientPacket(message);
    if (packet?.opcode === Opcode.WRQ) refuse(socket, remote, ErrorCode.ACCESS_VIOLATION, "this server is read-only");
    if (packet?.opcode !== Opcode.RRQ) return;
    const ofPeer = [...transfers.values()].filter((address) => address === remote.address).length;
    if (ofPeer >= maxTransfersPerPeer) return;
    if (transfers.size >= maxTransfers) {
      // A forged sender never acknowledges anything: such transfers give way, the oldest first.
      const idle = [...transfers.keys()].find((transfer) => !transfer.acknowledged);
      if (!idle) return;
      transfers.delete(idle);
      void idle.stop("another client needs the place");
    }
    const transfer = new Transfer(packet, { address: remote.address, port: remote.port }, options);
    transfers.set(transfer, remote.address);
    void transfer.run().finally(() => transfers.delete(transfer));
  });
  socket.bind(options.port ?? TFTP_PORT, options.address);
  await once(socket, "listening");
  // A datagram that could not be delivered is no reason to stop.
  socket.on("error", () => undefined);

  return {
    port: socket.address().port,
    close: async () => {
      const running = [...transfers.keys()].map((transfer) => transfer.stop("the server stops"));
      socket.close();
      await Promise.all([once(socket, "close"), ...running]);
    },
  };
}

function newSocket(address: string | undefined): Socket {
  return createSocket(address !== undefined && isIPv6(address) ? "udp6" : "udp4");
}

function refuse(socket: Socket, remote: RemoteInfo, code: number, message: string): void {
  socket.send(encodeError(code, message), remote.port, remote.address, () => undefined);
}

/** One client reading one file over a socket of its own, connected so that the kernel drops what others send. */
class Transfer {
  readonly #request: ReadRequest;
  readonly #peer: Peer;
  readonly #options: TftpOptions;
  readonly #socket: Socket;
  readonly #started = performance.now();
  readonly #end = Promise.withResolvers<string | undefined>();
  #sending: Sending | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timeoutMs: number;
  #repeats = 0;
  #acknowledged = false;

  constructor(request: ReadRequest, peer: Peer, options: TftpOptions) {
    this.#request = request;
    this.#peer = peer;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 1_000;
    this.#socket = newSocket(options.address);
  }

  /** Whether the client has answered anything yet. */
  get acknowledged(): boolean {
    return this.#acknowledged;
  }

  async run(): Promise<void> {
    const path = safePath(this.#request.path);
    this.#options.onStart?.(path ?? "(refused path)", this.#peer);
    let error: string | undefined;
    try {
      await this.#connect();
      error =
        path === undefined ? this.#fail(ErrorCode.ACCESS_VIOLATION, "no such path here") : await this.#serve(path);
    } catch (cause) {
      error = cause instanceof Error ? cause.message : String(cause);
    }
    clearTimeout(this.#timer);
    // Lets an error packet that was just handed to the socket leave before it closes.
    await new Promise((resolve) => setImmediate(resolve));
    this.#socket.close();
    this.#options.onEnd?.({
      path: path ?? "(refused path)",
      peer: this.#peer,
      bytes: this.#sending?.acknowledgedBytes ?? 0,
      milliseconds: Math.round(performance.now() - this.#started),
      ...(error === undefined ? {} : { error }),
    });
  }

  async stop(reason: string): Promise<void> {
    this.#end.resolve(reason);
    if (this.#sending) this.#fail(ErrorCode.UNDEFINED, reason);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #connect(): Promise<void> {
    this.#socket.bind(0, this.#options.address);
    await once(this.#socket, "listening");
    this.#socket.connect(this.#peer.port, this.#peer.address);
    await once(this.#socket, "connect");
  }

  async #serve(path: string): Promise<string | undefined> {
    const file = await this.#options.read(path, this.#peer).catch(() => undefined);
    if (file === undefined) return this.#fail(ErrorCode.NOT_FOUND, "file not found");
    const data = this.#request.mode === "netascii" ? toNetascii(file) : file;
    const terms = negotiate(this.#request.options, data.length, this.#options.maxBlockBytes ?? ETHERNET_BLOCK_BYTES);
    if (terms.timeoutSeconds !== undefined) this.#timeoutMs = terms.timeoutSeconds * 1_000;
    const sending = new Sending(data, terms);
    this.#sending = sending;
    this.#socket.on("error", (error) => this.#end.resolve(error.message));
    this.#socket.on("message", (message) => this.#receive(message, sending));
    this.#transmit(sending.window(), sending);
    return await this.#end.promise;
  }

  #receive(message: Uint8Array, sending: Sending): void {
    const packet = decodeClientPacket(message);
    // Firmware asks with tsize and aborts at once, only to learn the size: an everyday event.
    if (packet?.opcode === Opcode.ERROR)
      this.#end.resolve(`the client says ${packet.code}: ${printable(packet.message)}`);
    if (packet?.opcode !== Opcode.ACK) return;
    this.#acknowledged = true;
    const next = sending.acknowledge(packet.block);
    if (sending.done) this.#end.resolve(undefined);
    if (next.length === 0) return;
    this.#repeats = 0;
    this.#transmit(next, sending);
  }

  #transmit(packets: readonly Uint8Array[], sending: Sending): void {
    for (const packet of packets) this.#socket.send(packet, () => undefined);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#repeats += 1;
      if (this.#repeats > (this.#options.maxRepeats ?? 5)) this.#end.resolve("the client does not answer");
      else this.#transmit(sending.window(), sending);
    }, this.#timeoutMs);
  }

  #fail(code: number, message: string): string {
    this.#socket.send(encodeError(code, message), () => undefined);
    return message;
  }
}

/** A client's words, safe to log. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
