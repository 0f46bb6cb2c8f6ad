// HTTP/2 sessions of clients that notice a dead peer. connect-node has pings of its own, but asks destroyed sessions too
// (2.2.0): that throws out of a timer, where nobody can catch it, and the whole process ends with its connection.
import { type ClientHttp2Stream, constants, type Http2Session } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { Http2SessionManager } from "@connectrpc/connect-node";

export interface Pings {
  /** Milliseconds between two, also without streams. */
  readonly intervalMs: number;
  /** A peer that does not answer for so long is dead: its session and all streams on it end. */
  readonly timeoutMs: number;
}

export class PingedSessions extends Http2SessionManager {
  readonly #pings: Pings;
  readonly #watched = new WeakSet<Http2Session>();

  constructor(authority: string, pings: Pings, options: ConstructorParameters<typeof Http2SessionManager>[2]) {
    super(authority, {}, options);
    this.#pings = pings;
  }

  override async request(...request: Parameters<Http2SessionManager["request"]>): Promise<ClientHttp2Stream> {
    const stream = await super.request(...request);
    if (stream.session && !this.#watched.has(stream.session)) this.#watch(stream.session);
    return stream;
  }

  #watch(session: Http2Session): void {
    this.#watched.add(session);
    const { intervalMs, timeoutMs } = this.#pings;
    // The manager listens as long as it needs the session; whatever comes later interests nobody.
    session.on("error", () => undefined);
    const pings = setInterval(() => {
      if (session.destroyed) return;
      const unanswered = setTimeout(() => {
        session.destroy(new ConnectError("PING timed out", Code.Unavailable), constants.NGHTTP2_CANCEL);
      }, timeoutMs).unref();
      const sent = session.ping(() => clearTimeout(unanswered));
      if (!sent) clearTimeout(unanswered);
    }, intervalMs).unref();
    session.once("close", () => clearInterval(pings));
  }
}
