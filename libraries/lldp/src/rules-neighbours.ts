// Who is at the other end of our cables: what has been heard and is still valid (802.1AB clause 9.2.7). Pure: the caller
// brings the frames and the time.
import type { LldpFrame } from "./frame.ts";

export interface Neighbour {
  /** Our own interface. */
  readonly interface: string;
  readonly frame: LldpFrame;
  /** On the caller's clock, milliseconds. */
  readonly heardAt: number;
  readonly expiresAt: number;
}

export type Change = "appeared" | "changed" | "refreshed" | "disappeared" | "ignored";

/** A cable has one end; a few more are kept for a hub in between. What comes beyond is ignored ("too many neighbours"). */
const MOST_PER_INTERFACE = 4;

export class NeighbourTable {
  readonly #neighbours = new Map<string, Neighbour>();

  /**
   * Takes a frame in. A frame with TTL 0 makes its sender disappear at once. Two frames are of the same neighbour when
   * chassis id and port id are the same (802.1AB 8.2: the MSAP identifier).
   * @param now milliseconds, never going back
   */
  receive(interfaceName: string, frame: LldpFrame, now: number): Change {
    this.expire(now);
    const key = keyOf(interfaceName, frame);
    const known = this.#neighbours.get(key);
    if (frame.ttl === 0) return this.#neighbours.delete(key) ? "disappeared" : "ignored";
    if (!known && this.on(interfaceName).length >= MOST_PER_INTERFACE) return "ignored";
    this.#neighbours.set(key, {
      interface: interfaceName,
      frame,
      heardAt: now,
      expiresAt: now + frame.ttl * 1000,
    });
    if (!known) return "appeared";
    return sameContent(known.frame, frame) ? "refreshed" : "changed";
  }

  /** Removes the neighbours whose time to live has passed, and returns them. */
  expire(now: number): Neighbour[] {
    const expired = this.all().filter((neighbour) => neighbour.expiresAt <= now);
    for (const neighbour of expired) this.#neighbours.delete(keyOf(neighbour.interface, neighbour.frame));
    return expired;
  }

  /** Removes the neighbours of an interface that went down (802.1AB 9.2.7.1), and returns them. */
  forget(interfaceName: string): Neighbour[] {
    const gone = this.on(interfaceName);
    for (const neighbour of gone) this.#neighbours.delete(keyOf(neighbour.interface, neighbour.frame));
    return gone;
  }

  all(): Neighbour[] {
    return [...this.#neighbours.values()];
  }

  on(interfaceName: string): Neighbour[] {
    return this.all().filter((neighbour) => neighbour.interface === interfaceName);
  }
}

function keyOf(interfaceName: string, { chassisId, portId }: LldpFrame): string {
  return JSON.stringify([interfaceName, chassisId.subtype, chassisId.value, portId.subtype, portId.value]);
}

function sameContent(left: LldpFrame, right: LldpFrame): boolean {
  const text = (frame: LldpFrame) =>
    JSON.stringify(frame, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value,
    );
  return text(left) === text(right);
}
