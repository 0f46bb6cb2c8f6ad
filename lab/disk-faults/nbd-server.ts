// A network block device server (the NBD protocol: NetworkBlockDevice/nbd, doc/proto.md; fixed newstyle, simple replies)
// whose disk is a `Medium`, so that a QEMU disk can be made to fail, lie and vanish as a test wants.
import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { MediumError, type Medium } from "./medium.ts";

const GREETING = Buffer.from("NBDMAGICIHAVEOPT");
const OPTION_REPLY_MAGIC = 0x0003_e889_0455_65a9n;
const REQUEST_MAGIC = 0x2560_9513;
const REPLY_MAGIC = 0x6744_6698;
const REQUEST_BYTES = 28;
const OPTION_BYTES = 16;

const Handshake = { FIXED_NEWSTYLE: 1, NO_ZEROES: 2 } as const;
const Option = { EXPORT_NAME: 1, ABORT: 2, GO: 7 } as const;
const OptionReply = { ACK: 1, INFO: 3, UNSUPPORTED: 0x8000_0001 } as const;
const INFO_EXPORT = 0;
const Command = { READ: 0, WRITE: 1, DISCONNECT: 2, FLUSH: 3, TRIM: 4, WRITE_ZEROES: 6 } as const;
/** HAS_FLAGS, SEND_FLUSH, SEND_TRIM, SEND_WRITE_ZEROES */
const TRANSMISSION_FLAGS = 1 | (1 << 2) | (1 << 5) | (1 << 6);

/** The bytes of a connection, as many at a time as the protocol asks for. */
class Incoming {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** @throws when the connection ends before */
  async take(bytes: number): Promise<Buffer> {
    const parts = [this.#rest];
    for (let have = this.#rest.length; have < bytes;) {
      const { value, done } = await this.#chunks.next();
      if (done) throw new Error("the connection ended");
      parts.push(value);
      have += value.length;
    }
    const all = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    this.#rest = all.subarray(bytes);
    return all.subarray(0, bytes);
  }
}

/** Agrees on the one export there is. @returns whether the client wants to go on */
async function negotiate(incoming: Incoming, socket: Socket, size: number): Promise<boolean> {
  socket.write(Buffer.concat([GREETING, uint16(Handshake.FIXED_NEWSTYLE | Handshake.NO_ZEROES)]));
  await incoming.take(4);
  const description = Buffer.concat([uint64(BigInt(size)), uint16(TRANSMISSION_FLAGS)]);
  for (;;) {
    const head = await incoming.take(OPTION_BYTES);
    const option = head.readUInt32BE(8);
    await incoming.take(head.readUInt32BE(12));
    const reply = (type: number, data = Buffer.alloc(0)) =>
      socket.write(
        Buffer.concat([uint64(OPTION_REPLY_MAGIC), uint32(option), uint32(type), uint32(data.length), data]),
      );
    if (option === Option.EXPORT_NAME) return socket.write(description) || true;
    if (option === Option.GO) {
      reply(OptionReply.INFO, Buffer.concat([uint16(INFO_EXPORT), description]));
      reply(OptionReply.ACK);
      return true;
    }
    reply(option === Option.ABORT ? OptionReply.ACK : OptionReply.UNSUPPORTED);
    if (option === Option.ABORT) return false;
  }
}

async function answer(medium: Medium, command: number, offset: number, length: number, data: Buffer): Promise<Buffer> {
  const nothing = Buffer.alloc(0);
  switch (command) {
    case Command.READ:
      return medium.read(offset, length);
    case Command.WRITE:
      await medium.write(offset, data);
      return nothing;
    case Command.TRIM:
      await medium.clear("trim", offset, length);
      return nothing;
    case Command.WRITE_ZEROES:
      await medium.clear("zero", offset, length);
      return nothing;
    case Command.FLUSH:
      await medium.flush();
      return nothing;
    default:
      throw new MediumError("EINVAL");
  }
}

async function serve(socket: Socket, medium: Medium): Promise<void> {
  const incoming = new Incoming(socket);
  if (!(await negotiate(incoming, socket, medium.size))) return;
  for (;;) {
    const head = await incoming.take(REQUEST_BYTES);
    if (head.readUInt32BE(0) !== REQUEST_MAGIC) throw new Error("this is no NBD request");
    const [command, cookie] = [head.readUInt16BE(6), head.subarray(8, 16)];
    const [offset, length] = [Number(head.readBigUInt64BE(16)), head.readUInt32BE(24)];
    if (command === Command.DISCONNECT) return;
    const data = command === Command.WRITE ? await incoming.take(length) : Buffer.alloc(0);
    const { error, content } = await answer(medium, command, offset, length, data).then(
      (content) => ({ error: 0, content }),
      (error: unknown) => {
        if (error instanceof MediumError && error.errno !== undefined)
          return { error: error.errno, content: Buffer.alloc(0) };
        // The disk is gone.
        socket.destroy();
        throw error;
      },
    );
    socket.write(Buffer.concat([uint32(REPLY_MAGIC), uint32(error), cookie, content]));
  }
}

/** Serves the medium on a UNIX socket until disposed of. */
export async function serveMedium(medium: Medium, socketPath: string): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    // QEMU leaves without a word when it is killed.
    serve(socket, medium).then(
      () => socket.end(),
      () => socket.destroy(),
    );
  });
  server.listen(socketPath);
  await once(server, "listening");
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
