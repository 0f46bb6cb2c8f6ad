// TFTP requests, and how much comes back for them.
import { createSocket } from "node:dgram";
import { once } from "node:events";

const TFTP_PORT = 69;
const OPCODE_ERROR = 5;

export interface TftpAnswer {
  readonly packets: number;
  readonly bytes: number;
  /** 3 DATA, 5 ERROR, 6 OACK; 0 when nothing came. */
  readonly opcode: number;
  /** The first packet, latin1. */
  readonly text: string;
}

/** Sends a request (latin1) and acknowledges nothing; counts what comes within the time. */
export async function tftpAsk(order: { host: string; request: string; forMs: number }): Promise<TftpAnswer> {
  const socket = createSocket("udp4").bind(0);
  await once(socket, "listening");
  let [packets, bytes, text] = [0, 0, ""];
  const first = Promise.withResolvers<void>();
  socket.on("message", (message) => {
    packets += 1;
    bytes += message.length;
    text ||= message.toString("latin1");
    if (message[1] === OPCODE_ERROR) first.resolve();
  });
  socket.send(Buffer.from(order.request, "latin1"), TFTP_PORT, order.host);
  await Promise.race([first.promise, new Promise((resolve) => setTimeout(resolve, order.forMs))]);
  socket.close();
  return { packets, bytes, opcode: text === "" ? 0 : text.charCodeAt(1), text };
}

/** Begins many transfers and never acknowledges anything. */
export async function tftpHold(order: { host: string; request: string; count: number }): Promise<void> {
  const socket = createSocket("udp4").bind(0);
  await once(socket, "listening");
  for (let n = 0; n < order.count; n += 1)
    await new Promise<void>((done) =>
      socket.send(Buffer.from(order.request, "latin1"), TFTP_PORT, order.host, () => done()),
    );
  // Its port stays open: a closed one would tell the server that nobody is there.
  setTimeout(() => socket.close(), 60_000).unref();
}
