// LLDP on an interface that already belongs to a bridge (or to anything else): a socat child holds a packet socket that
// the kernel fills with this interface's LLDP frames only, and relays each frame as one datagram over loopback.
// The kernel hands us no copy of what we send: that is only done for sockets that ask for all ethertypes.
import { spawn, type ChildProcess } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { LLDP_ETHERTYPE } from "./frame.ts";
import { interfaceIndex } from "./ip.ts";
import { OwnFrames, type FrameLink } from "./link.ts";

/** Linux socket constants: include/linux/socket.h, uapi/linux/if_packet.h, asm-generic/socket.h. */
const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_MULTICAST = 0;
const SOL_SOCKET = 1;
const SO_PRIORITY = 12;
/** Newer Intel cards drop LLDP frames of a lower priority (reference/partition-services.md 3.9). */
const PRIORITY = 7;

const NEAREST_BRIDGE_BYTES = "0180c200000e";
const LARGEST_FRAME = 9216;
const START_TIMEOUT_MS = 5_000;

/**
 * Opens LLDP on an interface that is up. Needs `socat` and `setpriv`, CAP_NET_RAW in the interface's network namespace,
 * and the loopback interface up there. The interface joins the LLDP group address for as long as the link lives.
 * @throws Error when there is no such interface, or socat does not start
 */
export async function openPacketLink(interfaceName: string): Promise<FrameLink> {
  const ifindex = await interfaceIndex(interfaceName);
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  // The relay must not outlive us: it would hold the socket for ever.
  const relay = spawn("setpriv", ["--pdeathsig", "TERM", "socat", ...relayArguments(ifindex, socket.address().port)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    const port = await relayPort(relay);
    socket.connect(port, "127.0.0.1");
    await once(socket, "connect");
  } catch (error) {
    relay.kill();
    socket.close();
    throw new Error(`LLDP on ${interfaceName}: ${(error as Error).message}`, { cause: error });
  }
  return new PacketLink(socket, relay);
}

function relayArguments(ifindex: number, port: number): string[] {
  const address = linkLayerAddress(ifindex);
  const options = [
    `bind=x${address}`,
    `setsockopt-bin=${SOL_PACKET}:${PACKET_ADD_MEMBERSHIP}:x${multicastMembership(ifindex)}`,
    `setsockopt-int=${SOL_SOCKET}:${SO_PRIORITY}:${PRIORITY}`,
  ];
  // Protocol 0 until bind names it: else frames of other interfaces could slip in before.
  const packetSocket = `SOCKET-DATAGRAM:${AF_PACKET}:${SOCK_RAW}:0:x${address},${options.join(",")}`;
  // -d -d makes socat print the loopback port it took.
  return ["-d", "-d", "-b", String(LARGEST_FRAME), packetSocket, `UDP4:127.0.0.1:${port},bind=127.0.0.1:0`];
}

/** struct sockaddr_ll without its family, as hex. */
function linkLayerAddress(ifindex: number): string {
  const address = Buffer.alloc(18);
  address.writeUInt16BE(LLDP_ETHERTYPE, 0);
  writeNativeInt32(address, ifindex, 2);
  return address.toString("hex");
}

/** struct packet_mreq, as hex. */
function multicastMembership(ifindex: number): string {
  const request = Buffer.alloc(16);
  writeNativeInt32(request, ifindex, 0);
  new Uint16Array(request.buffer, request.byteOffset + 4, 2).set([PACKET_MR_MULTICAST, 6]);
  request.write(NEAREST_BRIDGE_BYTES, 8, "hex");
  return request.toString("hex");
}

function writeNativeInt32(target: Buffer, value: number, offset: number): void {
  target.set(new Uint8Array(new Int32Array([value]).buffer), offset);
}

async function relayPort(relay: ChildProcess): Promise<number> {
  const ended = new AbortController();
  relay.once("error", (error) => ended.abort(error));
  relay.once("close", (code) => ended.abort(new Error(`socat ended with ${code}: ${last}`)));
  const timeout = setTimeout(() => ended.abort(new Error(`socat did not start: ${last}`)), START_TIMEOUT_MS);
  let last = "";
  try {
    return await new Promise<number>((resolve, reject) => {
      ended.signal.addEventListener("abort", () => reject(ended.signal.reason as Error));
      createInterface({ input: relay.stderr! }).on("line", (line) => {
        last = line;
        const match = /connected from local address AF=2 127\.0\.0\.1:(\d+)/.exec(line);
        if (match) resolve(Number(match[1]));
      });
    });
  } finally {
    clearTimeout(timeout);
  }
}

class PacketLink implements FrameLink {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #relay: ChildProcess;
  readonly #own = new OwnFrames();
  #open = true;

  constructor(socket: Socket, relay: ChildProcess) {
    this.#socket = socket;
    this.#relay = relay;
    // Datagrams refused by an ended relay; its end is reported by `closed`.
    socket.on("error", () => undefined);
    const ended = relay.exitCode === null && relay.signalCode === null ? once(relay, "exit") : Promise.resolve();
    this.closed = ended.then(() => {
      this.#open = false;
      socket.close();
    });
  }

  send(frame: Uint8Array): void {
    if (!this.#open) return;
    this.#own.sent(frame);
    this.#socket.send(frame, () => undefined);
  }

  onFrame(heard: (frame: Buffer) => void): void {
    this.#socket.removeAllListeners("message");
    this.#socket.on("message", (frame) => {
      if (!this.#own.includes(frame)) heard(frame);
    });
  }

  async close(): Promise<void> {
    this.#relay.kill();
    await this.closed;
  }
}
