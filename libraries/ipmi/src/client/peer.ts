import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { IpmiError } from "../errors.ts";
import { decodePacket, type V2Packet } from "../packet.ts";

/** How long to wait for an answer, and how often to ask; each wait is half as long again as the one before. */
export interface Patience {
  readonly attempts: number;
  readonly firstWaitMs: number;
}

/** About 8 s in all: slow BMCs need a second or two for a login. */
export const DEFAULT_PATIENCE: Patience = { attempts: 5, firstWaitMs: 600 };

/** A BMC's UDP address. */
export class Peer {
  readonly #socket: Socket;
  readonly #listeners = new Set<(packet: V2Packet) => void>();
  readonly #failures = new Set<(error: Error) => void>();
  readonly name: string;

  private constructor(socket: Socket, name: string) {
    this.#socket = socket;
    this.name = name;
    socket.on("message", (datagram) => {
      const packet = decodePacket(datagram);
      if (packet?.format === "2.0") for (const listener of this.#listeners) listener(packet);
    });
    socket.on("error", (error) => {
      for (const failed of this.#failures) failed(error);
    });
  }

  static async connect(host: string, port: number): Promise<Peer> {
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    const name = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
    try {
      socket.connect(port, host);
      await once(socket, "connect");
    } catch (error) {
      socket.close();
      throw new IpmiError("unreachable", `cannot reach the BMC at ${name}: ${(error as Error).message}`, {
        cause: error,
      });
    }
    return new Peer(socket, name);
  }

  send(datagram: Buffer): void {
    this.#socket.send(datagram, () => undefined);
  }

  listen(listener: (packet: V2Packet) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends a request until `accept` finds its answer among the packets that come in.
   * Throws IpmiError "unreachable" when none came in time, or at once when the port is closed.
   */
  exchange<T>(
    encode: () => Buffer,
    accept: (packet: V2Packet) => T | undefined,
    patience: Patience,
    signal?: AbortSignal,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let attempt = 0;
      let timer: NodeJS.Timeout | undefined;
      const stop = () => {
        clearTimeout(timer);
        unlisten();
        this.#failures.delete(failed);
        signal?.removeEventListener("abort", aborted);
      };
      const fail = (message: string, cause?: unknown) => {
        stop();
        reject(new IpmiError("unreachable", `${message} ${this.name}`, { cause }));
      };
      const failed = (error: Error) => fail("nobody listens at", error);
      const aborted = () => fail("gave up waiting for the BMC at", signal?.reason);
      const unlisten = this.listen((packet) => {
        const answer = accept(packet);
        if (answer === undefined) return;
        stop();
        resolve(answer);
      });
      const ask = () => {
        if (attempt === patience.attempts) return fail(`no answer to ${attempt} requests from the BMC at`);
        this.send(encode());
        timer = setTimeout(ask, patience.firstWaitMs * 1.5 ** attempt);
        attempt += 1;
      };
      this.#failures.add(failed);
      signal?.addEventListener("abort", aborted);
      // Said at least once, also when nobody waits any more: a BMC wants to hear that a session is closed.
      ask();
      if (signal?.aborted) aborted();
    });
  }

  close(): void {
    this.#listeners.clear();
    this.#socket.close();
  }
}
