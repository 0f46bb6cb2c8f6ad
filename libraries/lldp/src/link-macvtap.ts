// LLDP without any helper process, for an interface that belongs to no bridge (a server's network card in the discovery
// image): a macvtap on top of it is a character device whose every read and write is one Ethernet frame.
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { LLDP_ETHERTYPE } from "./frame.ts";
import { interfaceIndex, ip } from "./ip.ts";
import { OwnFrames, type FrameLink } from "./link.ts";

/** struct virtio_net_hdr, in front of every frame; all zeros say: no offload. */
const VIRTIO_HEADER_LENGTH = 10;
const LARGEST_FRAME = 9216;
/** A blocking read would hold a thread of libuv and keep the process from ending, so we look from time to time. */
const POLL_MS = 200;
/** Frames read at one look: the device queues 500 (TUN_READQ_SIZE), and other multicasts come in too. */
const MOST_READS = 500;

/**
 * Opens LLDP on an interface. Needs `ip`, root, and the kernel's macvtap; makes an interface `lldp<ifindex>` and removes
 * it at the end. @throws Error when there is no such interface, or it belongs to a bridge
 */
export async function openMacvtapLink(interfaceName: string): Promise<FrameLink> {
  const name = `lldp${await interfaceIndex(interfaceName)}`;
  await ip("link", "del", "dev", name).catch(() => undefined); // left by a process that was killed
  await ip("link", "add", "link", interfaceName, "name", name, "type", "macvtap", "mode", "bridge");
  try {
    await ip("link", "set", "dev", name, "addrgenmode", "none");
    // The LLDP group address is not among those a card listens to by itself.
    await ip("link", "set", "dev", name, "allmulticast", "on", "up");
    const device = `/dev/tap${await interfaceIndex(name)}`;
    return new MacvtapLink(name, openSync(device, constants.O_RDWR | constants.O_NONBLOCK));
  } catch (error) {
    await ip("link", "del", "dev", name).catch(() => undefined);
    throw new Error(`LLDP on ${interfaceName}: ${(error as Error).message}`, { cause: error });
  }
}

class MacvtapLink implements FrameLink {
  readonly closed: Promise<void>;
  readonly #name: string;
  readonly #device: number;
  readonly #poll: NodeJS.Timeout;
  readonly #own = new OwnFrames();
  readonly #ended = Promise.withResolvers<void>();
  #heard: (frame: Buffer) => void = () => undefined;
  #open = true;

  constructor(name: string, device: number) {
    this.#name = name;
    this.#device = device;
    this.closed = this.#ended.promise;
    this.#poll = setInterval(() => this.#read(), POLL_MS);
  }

  send(frame: Uint8Array): void {
    if (!this.#open) return;
    this.#own.sent(frame);
    try {
      writeSync(this.#device, Buffer.concat([Buffer.alloc(VIRTIO_HEADER_LENGTH), frame]));
    } catch {
      // The interface is down or full: a lost frame.
    }
  }

  onFrame(heard: (frame: Buffer) => void): void {
    this.#heard = heard;
  }

  async close(): Promise<void> {
    this.#end();
    await ip("link", "del", "dev", this.#name).catch(() => undefined);
  }

  #read(): void {
    for (let reads = 0; this.#open && reads < MOST_READS; reads += 1) {
      const buffer = Buffer.allocUnsafe(VIRTIO_HEADER_LENGTH + LARGEST_FRAME);
      let length: number;
      try {
        length = readSync(this.#device, buffer);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") this.#end();
        return;
      }
      const frame = buffer.subarray(VIRTIO_HEADER_LENGTH, length);
      if (isLldp(frame) && !this.#own.includes(frame)) this.#heard(frame);
    }
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    clearInterval(this.#poll);
    closeSync(this.#device);
    this.#ended.resolve();
  }
}

/** Tagged frames pass too: the decoder knows them. */
function isLldp(frame: Buffer): boolean {
  return frame.length >= 14 && [LLDP_ETHERTYPE, 0x8100, 0x88a8].includes(frame.readUInt16BE(12));
}
