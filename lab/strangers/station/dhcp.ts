// DHCP as firmware speaks it, and as nobody should.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import {
  BOOT_REQUEST,
  decodePacket,
  encodePacket,
  formatMac,
  HARDWARE_ETHERNET,
  ipv4Value,
  MessageType,
  Option,
  parseMac,
  readIpv4,
  textValue,
  uint8Value,
  uuidToGuid,
  type DhcpPacket,
  type Options,
} from "@metal-stack/dhcp";

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const BROADCAST = "255.255.255.255";
/** Of a UEFI firmware; see libraries/dhcp/testdata. */
const VENDOR_CLASS = "PXEClient:Arch:00007:UNDI:003000";
const TRIES = 6;
const WAIT_MS = 1_000;

export interface DhcpMessage {
  readonly type: keyof typeof MessageType;
  readonly mac: string;
  readonly uuid?: string;
  readonly requested?: string;
  readonly server?: string;
  /** Not at all a client that boots. */
  readonly plain?: boolean;
}

export interface Leased {
  readonly address: string;
  readonly server: string;
  readonly seconds: number;
}

/** One message, without waiting for an answer. */
export async function dhcpSend(message: DhcpMessage): Promise<void> {
  const socket = await open(0);
  await send(socket, packetOf(message));
  socket.close();
}

/** Datagrams to the DHCP server as they are. */
export async function dhcpNoise({ payloads }: { payloads: readonly string[] }): Promise<void> {
  const socket = await open(0);
  for (const payload of payloads) await send(socket, Buffer.from(payload, "base64"));
  socket.close();
}

/** DISCOVER and REQUEST until there is an address; undefined when there is none after some seconds. */
export async function dhcpBoot(client: { mac: string; uuid?: string; tries?: number }): Promise<Leased | undefined> {
  const socket = await open(CLIENT_PORT);
  try {
    for (let left = client.tries ?? TRIES; left > 0; left -= 1) {
      const offer = await ask(socket, { type: "DISCOVER", ...client });
      if (!offer) continue;
      const server = readIpv4(offer.options.get(Option.SERVER_IDENTIFIER)) ?? "";
      const ack = await ask(socket, { type: "REQUEST", requested: offer.yourAddress, server, ...client });
      if (!ack || ack.options.get(Option.MESSAGE_TYPE)?.[0] !== MessageType.ACK) continue;
      const lease = Buffer.from(ack.options.get(Option.LEASE_TIME) ?? []);
      return { address: ack.yourAddress, server, seconds: lease.readUInt32BE(0) };
    }
    return undefined;
  } finally {
    socket.close();
  }
}

/** As many clients as wanted, each with its own MAC, take what they can get. Answers how many got an address. */
export async function dhcpFlood({ count, macs }: { count: number; macs: string }): Promise<number> {
  const socket = await open(CLIENT_PORT);
  let given = 0;
  socket.on("message", (bytes) => {
    const answer = decodePacket(bytes);
    const type = answer.options.get(Option.MESSAGE_TYPE)?.[0];
    if (type === MessageType.ACK) given += 1;
    if (type !== MessageType.OFFER) return;
    const server = readIpv4(answer.options.get(Option.SERVER_IDENTIFIER)) ?? "";
    const mac = formatMac(answer.hardwareAddress.subarray(0, 6));
    void send(socket, packetOf({ type: "REQUEST", mac, requested: answer.yourAddress, server, plain: true }));
  });
  for (let n = 0; n < count; n += 1) {
    const tail = n.toString(16).padStart(4, "0");
    await send(
      socket,
      packetOf({ type: "DISCOVER", mac: `${macs}:${tail.slice(0, 2)}:${tail.slice(2)}`, plain: true }),
    );
    if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  socket.close();
  return given;
}

/** Plays DHCP server for a while: answers every DISCOVER it hears with an offer of its own. */
export async function dhcpServe({ forMs, address }: { forMs: number; address: string }): Promise<number> {
  const socket = await open(SERVER_PORT);
  let heard = 0;
  socket.on("message", (bytes) => {
    const request = decodePacket(bytes);
    if (request.op !== BOOT_REQUEST) return;
    heard += 1;
    void offerTo(socket, request, address);
  });
  await offerToEverybody(socket, forMs, address);
  socket.close();
  return heard;
}

/** A rogue server does not need to hear a question. */
async function offerToEverybody(socket: Socket, forMs: number, address: string): Promise<void> {
  for (const end = Date.now() + forMs; Date.now() < end;) {
    await offerTo(socket, decodePacket(packetOf({ type: "DISCOVER", mac: "02:00:00:00:00:99" })), address);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function offerTo(socket: Socket, request: DhcpPacket, address: string): Promise<void> {
  const options: Options = new Map([
    [Option.MESSAGE_TYPE, uint8Value(MessageType.OFFER)],
    [Option.SERVER_IDENTIFIER, ipv4Value(address)],
  ]);
  const offer = encodePacket({ ...request, op: 2, yourAddress: "10.66.66.66", nextServer: address, options });
  await new Promise<void>((done) => socket.send(offer, CLIENT_PORT, BROADCAST, () => done()));
}

/** Who offers addresses here: the server identifiers of all offers heard within the time, after one DISCOVER. */
export async function dhcpServersHeard({ mac, forMs }: { mac: string; forMs: number }): Promise<string[]> {
  const socket = await open(CLIENT_PORT);
  const servers = new Set<string>();
  socket.on("message", (bytes) =>
    servers.add(readIpv4(decodePacket(bytes).options.get(Option.SERVER_IDENTIFIER)) ?? ""),
  );
  for (const end = Date.now() + forMs; Date.now() < end;) {
    await send(socket, packetOf({ type: "DISCOVER", mac }));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  socket.close();
  return [...servers];
}

async function ask(socket: Socket, message: DhcpMessage): Promise<DhcpPacket | undefined> {
  const packet = packetOf(message);
  const { promise, resolve } = Promise.withResolvers<DhcpPacket | undefined>();
  const timer = setTimeout(() => resolve(undefined), WAIT_MS);
  const onMessage = (bytes: Buffer) => {
    const answer = decodePacket(bytes);
    if (answer.transactionId === decodePacket(packet).transactionId) resolve(answer);
  };
  socket.on("message", onMessage);
  await send(socket, packet);
  const answer = await promise;
  clearTimeout(timer);
  socket.off("message", onMessage);
  return answer;
}

async function open(port: number): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(port);
  await once(socket, "listening");
  socket.setBroadcast(true);
  return socket;
}

function send(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => socket.send(bytes, SERVER_PORT, BROADCAST, () => resolve()));
}

function packetOf({ type, mac, uuid, requested, server, plain }: DhcpMessage): Uint8Array {
  const options: Options = new Map([[Option.MESSAGE_TYPE, uint8Value(MessageType[type])]]);
  if (!plain) {
    options.set(Option.VENDOR_CLASS, textValue(VENDOR_CLASS));
    options.set(Option.CLIENT_ARCHITECTURE, Uint8Array.of(0, 7));
  }
  if (uuid !== undefined) options.set(Option.CLIENT_GUID, uuidToGuid(uuid));
  if (requested !== undefined) options.set(Option.REQUESTED_ADDRESS, ipv4Value(requested));
  if (server !== undefined) options.set(Option.SERVER_IDENTIFIER, ipv4Value(server));
  if (parseMac(mac) === undefined) throw new Error(`${mac} is no MAC address`);
  return encodePacket({
    op: BOOT_REQUEST,
    hardwareType: HARDWARE_ETHERNET,
    hops: 0,
    transactionId: Math.trunc(Math.random() * 0xffffffff),
    seconds: 0,
    broadcast: true,
    clientAddress: "0.0.0.0",
    yourAddress: "0.0.0.0",
    nextServer: "0.0.0.0",
    relayAddress: "0.0.0.0",
    hardwareAddress: Buffer.from(mac.replaceAll(":", ""), "hex"),
    serverName: "",
    bootFile: "",
    options,
  });
}
