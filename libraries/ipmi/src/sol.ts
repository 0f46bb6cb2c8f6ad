// Serial over LAN (§15.9-15.11): a byte stream in numbered packets, one in flight in each direction, each acknowledged.
// Both ends use the same link; only the meaning of the fourth byte's bits differs.

const HEADER = 4;
const NACK = 0x40;
/** Towards the BMC: generate a break. */
const GENERATE_BREAK = 0x10;
/** From the BMC: the SOL session is ending. */
const DEACTIVATING = 0x10;
const MAX_SEQUENCE = 15;
/** The acknowledged character count is one byte. */
export const SOL_MAX_DATA = 200;
/** Characters that arrive within this time travel together (the specification's accumulate interval). */
const ACCUMULATE_MS = 10;
const RETRY_MS = 500;
const MAX_RETRIES = 7;
/** What waits for a slow reader; a console that floods loses its oldest bytes, it never blocks the machine. */
const MAX_BACKLOG = 256 * 1024;

export interface SolLinkEvents {
  /** Hands a payload to the session. */
  readonly send: (payload: Buffer) => void;
  readonly onData: (data: Buffer) => void;
  /** The peer ended the session, or stopped acknowledging. */
  readonly onEnd: () => void;
  readonly onBreak?: () => void;
}

export class SolLink {
  readonly #end: "bmc" | "console";
  readonly #events: SolLinkEvents;
  #backlog = Buffer.alloc(0);
  #inFlight: { readonly sequence: number; readonly data: Buffer; retries: number } | undefined;
  #lastSent = 0;
  #lastReceived = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(end: "bmc" | "console", events: SolLinkEvents) {
    this.#end = end;
    this.#events = events;
  }

  write(data: Buffer): void {
    if (this.#closed) return;
    this.#backlog = Buffer.concat([this.#backlog, data]);
    if (this.#backlog.length > MAX_BACKLOG) this.#backlog = this.#backlog.subarray(-MAX_BACKLOG);
    if (!this.#inFlight && !this.#timer) this.#wait(ACCUMULATE_MS);
  }

  /** A SOL payload from the peer. */
  receive(payload: Buffer): void {
    if (this.#closed || payload.length < HEADER) return;
    const [sequence, acknowledged, count, status] = [payload[0]! & 0x0f, payload[1]! & 0x0f, payload[2]!, payload[3]!];
    if (acknowledged !== 0) this.#acknowledge(acknowledged, count, (status & NACK) !== 0);
    if (this.#end === "console" && status & DEACTIVATING) return this.#fail();
    if (this.#end === "bmc" && status & GENERATE_BREAK) this.#events.onBreak?.();
    if (sequence === 0) return;
    const data = payload.subarray(HEADER);
    this.#events.send(Buffer.of(0, sequence, Math.min(data.length, 0xff), 0));
    if (sequence === this.#lastReceived) return;
    this.#lastReceived = sequence;
    if (data.length > 0) this.#events.onData(Buffer.from(data));
  }

  /** Forgets what is unsent; the BMC's end says so to the console. */
  close(): void {
    if (this.#closed) return;
    if (this.#end === "bmc") this.#events.send(Buffer.of(0, 0, 0, DEACTIVATING));
    this.#stop();
  }

  #acknowledge(sequence: number, count: number, refused: boolean): void {
    const packet = this.#inFlight;
    if (!packet || packet.sequence !== sequence) return;
    this.#inFlight = undefined;
    // What was not taken goes out again, as a new packet.
    const rest = packet.data.subarray(Math.min(count, packet.data.length));
    if (rest.length > 0) this.#backlog = Buffer.concat([rest, this.#backlog]);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#backlog.length > 0) this.#wait(refused || rest.length > 0 ? RETRY_MS : ACCUMULATE_MS);
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#transmit(), milliseconds).unref();
  }

  #transmit(): void {
    this.#timer = undefined;
    if (this.#closed) return;
    if (this.#inFlight) {
      this.#inFlight.retries += 1;
      if (this.#inFlight.retries > MAX_RETRIES) return this.#fail();
    } else {
      this.#lastSent = (this.#lastSent % MAX_SEQUENCE) + 1;
      this.#inFlight = { sequence: this.#lastSent, data: this.#backlog.subarray(0, SOL_MAX_DATA), retries: 0 };
      this.#backlog = this.#backlog.subarray(SOL_MAX_DATA);
    }
    const { sequence, data } = this.#inFlight;
    this.#events.send(Buffer.concat([Buffer.of(sequence, 0, 0, 0), data]));
    this.#wait(RETRY_MS);
  }

  #fail(): void {
    this.#stop();
    this.#events.onEnd();
  }

  #stop(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#inFlight = undefined;
    this.#backlog = Buffer.alloc(0);
  }
}
