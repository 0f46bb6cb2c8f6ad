/**
 * Raw Ethernet on one interface, LLDP only. Like Ethernet itself it promises nothing: a frame may be lost.
 * Our own frames are not heard.
 */
export interface FrameLink {
  /** Sends a whole Ethernet frame without check sum. */
  send(frame: Uint8Array): void;
  /** `heard` gets every LLDP frame that arrives, as it was on the wire; it replaces an earlier one. */
  onFrame(heard: (frame: Buffer) => void): void;
  /** Resolves when the link has ended: by `close`, or because the interface went down or away. Open a new one then. */
  readonly closed: Promise<void>;
  /** Ends the link and gives back what it took from the system. */
  close(): Promise<void>;
}

/** Tells our own frames by their source address. */
export class OwnFrames {
  #source = "";

  sent(frame: Uint8Array): void {
    this.#source = sourceOf(frame);
  }

  includes(frame: Uint8Array): boolean {
    return sourceOf(frame) === this.#source;
  }
}

function sourceOf(frame: Uint8Array): string {
  return Buffer.from(frame.subarray(6, 12)).toString("hex");
}
