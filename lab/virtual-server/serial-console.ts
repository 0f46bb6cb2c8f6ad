// The server's serial port: everything it prints goes to a log file, to SOL, and to whoever attached to the socket.
import { createWriteStream, rmSync, type WriteStream } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { SolConsole } from "@metal-stack/ipmi";

/** A client that does not read loses its connection, a machine that does not read loses what is typed. */
const MAX_CLIENT_BACKLOG = 1024 * 1024;
const MAX_TYPED_BACKLOG = 64 * 1024;
/** sun_path of unix(7), without the final NUL. */
const MAX_SOCKET_PATH = 107;

export class SerialConsole implements SolConsole {
  readonly #log: WriteStream;
  readonly #listeners = new Set<(data: Buffer) => void>();
  readonly #clients = new Set<Socket>();
  readonly #socketPath: string;
  #server: Server | undefined;
  #port: Duplex | undefined;

  /** Writes `<id>.console` and listens on `<id>.console.sock`, both in `directory`. */
  constructor(directory: string, id: string) {
    this.#log = createWriteStream(join(directory, `${id}.console`), { flags: "a" });
    this.#socketPath = join(directory, `${id}.console.sock`);
    if (Buffer.byteLength(this.#socketPath) > MAX_SOCKET_PATH)
      throw new Error(`${this.#socketPath} is too long for a UNIX socket: choose a shorter runDirectory`);
  }

  async listen(): Promise<void> {
    rmSync(this.#socketPath, { force: true });
    this.#server = createServer((client) => {
      this.#clients.add(client);
      client.on("data", (data) => this.write(data));
      client.on("error", () => undefined);
      client.on("close", () => this.#clients.delete(client));
    });
    this.#server.listen(this.#socketPath);
    await once(this.#server, "listening");
  }

  /** Connects the port of a machine that was just switched on. */
  attach(port: Duplex): void {
    this.#port = port;
    port.on("data", (data: Buffer) => this.#print(data));
    port.on("close", () => {
      if (this.#port === port) this.#port = undefined;
    });
  }

  subscribe(listener: (data: Buffer) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  write(data: Buffer): void {
    if (this.#port && this.#port.writableLength < MAX_TYPED_BACKLOG) this.#port.write(data);
  }

  async close(): Promise<void> {
    this.#server?.close();
    for (const client of this.#clients) client.destroy();
    rmSync(this.#socketPath, { force: true });
    await new Promise<void>((resolve) => this.#log.end(resolve));
  }

  #print(data: Buffer): void {
    this.#log.write(data);
    for (const listener of this.#listeners) listener(data);
    for (const client of this.#clients) {
      if (client.writableLength > MAX_CLIENT_BACKLOG) client.destroy();
      else client.write(data);
    }
  }
}
