// A TCP wire between agents and a server that can be cut, silenced and made bad. The server may move to another port.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * open: as if it were not there. cut: connections are refused and broken. silent: what is sent vanishes, nobody is told.
 * bad: late, in small pieces, and now and then a connection breaks.
 */
export type LinkState = "open" | "cut" | "silent" | "bad";

const BAD_DELAY_MS = [20, 250] as const;
const BAD_PIECE_BYTES = 700;
const BAD_LOSS = 0.002;

export class Link {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #fraction: () => number;
  #target = 0;
  #state: LinkState = "open";

  private constructor(fraction: () => number) {
    this.#fraction = fraction;
    this.#server = createServer((client) => this.#join(client));
  }

  /** @param fraction chance, from 0 to 1 */
  static async open(fraction: () => number = Math.random): Promise<Link> {
    const link = new Link(fraction);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  /** "host:port" for those who use it. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Where the server is from now on, for new connections. */
  set target(port: number) {
    this.#target = port;
  }

  set state(state: LinkState) {
    this.#state = state;
    // What was silenced has lost bytes: such a connection cannot go on.
    if (state === "cut" || state === "open") for (const socket of this.#silenced(state)) socket.destroy();
    if (state === "silent") for (const socket of this.#sockets) lost.add(socket);
  }

  #silenced(state: LinkState): Socket[] {
    return [...this.#sockets].filter((socket) => state === "cut" || lost.has(socket));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket): void {
    if (this.#state === "cut") return void client.destroy();
    const server = connect(this.#target, "127.0.0.1");
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      if (this.#state === "silent") lost.add(from);
      from.setNoDelay(true);
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#sockets.delete(from);
        if (this.#state !== "silent") to.destroy();
      });
      this.#carry(from, to);
    }
  }

  #carry(from: Socket, to: Socket): void {
    // In order, however long a piece takes.
    let last = Promise.resolve();
    from.on("data", (bytes: Buffer) => {
      if (this.#state === "silent") return;
      if (this.#state !== "bad") return void (last = last.then(() => write(to, bytes)));
      if (this.#fraction() < BAD_LOSS) return void from.destroy();
      for (let at = 0; at < bytes.length; at += BAD_PIECE_BYTES) {
        const piece = bytes.subarray(at, at + BAD_PIECE_BYTES);
        const [least, most] = BAD_DELAY_MS;
        const arrives = new Promise((resolve) => setTimeout(resolve, least + this.#fraction() * (most - least)));
        last = last.then(() => arrives).then(() => write(to, piece));
      }
    });
  }
}

/** Sockets whose peer has missed something. */
const lost = new WeakSet<Socket>();

function write(to: Socket, bytes: Buffer): void {
  if (!to.destroyed) to.write(bytes);
}
