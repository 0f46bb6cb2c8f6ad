// What the firmware of simulated machines does on the boot network: DHCP and iPXE's HTTP, with a real pixiecore on loopback.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BOOT_REQUEST,
  decodePacket,
  type DhcpPacket,
  encodePacket,
  HARDWARE_ETHERNET,
  ipv4Value,
  MessageType,
  Option,
  textValue,
  uint8Value,
  uuidToGuid,
} from "@metal-stack/dhcp";

const ANSWER_MS = 1_000;
const HTTP_MS = 10_000;
/** iPXE on BIOS (RFC 4578 §2.1); it asks for its script at once. */
const IPXE = { vendorClass: "PXEClient:Arch:00000:UNDI:002001", architecture: 0, userClass: "iPXE" } as const;

/** Where pixiecore is; ports may change when it starts again. */
export interface BootServer {
  readonly dhcpPort: number;
  readonly httpPort: number;
}

export interface BootingNic {
  readonly uuid: string;
  readonly mac: string;
}

/** What the machine shall boot. */
export type BootPlan =
  | { readonly kind: "discovery"; readonly ticket: string; readonly grpcAddress: string; readonly ca: string }
  | { readonly kind: "local disk" }
  | { readonly kind: "nothing"; readonly why: string };

export class BootNetwork {
  readonly #socket: Socket;
  readonly #server: () => BootServer;
  /** Who waits for an answer, by transaction. */
  readonly #waiting = new Map<number, (packet: DhcpPacket) => void>();
  #nextTransaction = 1;
  /** Every packet is sent so often: 2 is a duplicating network. */
  copies = 1;

  private constructor(socket: Socket, server: () => BootServer) {
    this.#socket = socket;
    this.#server = server;
    socket.on("message", (bytes) => {
      const packet = decodePacket(bytes);
      this.#waiting.get(packet.transactionId)?.(packet);
    });
  }

  /** All machines share the client port, as they share the broadcast address. */
  static async open(server: () => BootServer): Promise<BootNetwork> {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new BootNetwork(socket, server);
  }

  /** Where pixiecore has to send its answers to. */
  get clientPort(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }

  /** One try of firmware and iPXE. Throws when nobody answers. */
  async plan(nic: BootingNic, signal: AbortSignal): Promise<BootPlan> {
    const address = await this.#lease(nic, signal);
    const query = new URLSearchParams({ mac: nic.mac, uuid: nic.uuid, arch: "i386", platform: "pcbios" });
    const script = await this.#get(`/ipxe?${query.toString()}`, address, signal);
    const ticket = /^kernel .* metal\.ticket=(\S+)/m.exec(script)?.[1];
    if (ticket) {
      const config = JSON.parse(await this.#get("/config", address, signal)) as {
        grpc_address: string;
        ca_cert: string;
      };
      return { kind: "discovery", ticket, grpcAddress: config.grpc_address, ca: config.ca_cert };
    }
    if (/^sanboot /m.test(script)) return { kind: "local disk" };
    return { kind: "nothing", why: /^echo (.*)$/m.exec(script)?.[1] ?? script.slice(0, 200) };
  }

  async #lease(nic: BootingNic, signal: AbortSignal): Promise<string> {
    const offer = await this.#ask(nic, MessageType.DISCOVER, [], signal);
    const server = offer.options.get(Option.SERVER_IDENTIFIER);
    if (!server) throw new Error("a DHCP offer without a server");
    const wanted: [number, Uint8Array][] = [
      [Option.REQUESTED_ADDRESS, ipv4Value(offer.yourAddress)],
      [Option.SERVER_IDENTIFIER, server],
    ];
    const ack = await this.#ask(nic, MessageType.REQUEST, wanted, signal);
    if (ack.options.get(Option.MESSAGE_TYPE)?.[0] !== MessageType.ACK) throw new Error("the DHCP server said no");
    return ack.yourAddress;
  }

  async #ask(
    { uuid, mac }: BootingNic,
    type: number,
    extra: [number, Uint8Array][],
    signal: AbortSignal,
  ): Promise<DhcpPacket> {
    const transactionId = this.#nextTransaction++;
    const { promise, resolve } = Promise.withResolvers<DhcpPacket>();
    this.#waiting.set(transactionId, resolve);
    const bytes = encodePacket({
      op: BOOT_REQUEST,
      hardwareType: HARDWARE_ETHERNET,
      hops: 0,
      transactionId,
      seconds: 0,
      broadcast: true,
      clientAddress: "0.0.0.0",
      yourAddress: "0.0.0.0",
      nextServer: "0.0.0.0",
      relayAddress: "0.0.0.0",
      hardwareAddress: Buffer.from(mac.replaceAll(":", ""), "hex"),
      serverName: "",
      bootFile: "",
      options: new Map([
        [Option.MESSAGE_TYPE, uint8Value(type)],
        [Option.VENDOR_CLASS, textValue(IPXE.vendorClass)],
        [Option.CLIENT_ARCHITECTURE, Uint8Array.of(0, IPXE.architecture)],
        [Option.USER_CLASS, textValue(IPXE.userClass)],
        [Option.CLIENT_GUID, uuidToGuid(uuid)],
        ...extra,
      ]),
    });
    const stop = new AbortController();
    try {
      for (let copy = 0; copy < this.copies; copy++)
        this.#socket.send(bytes, this.#server().dhcpPort, "127.0.0.1", () => undefined);
      const tooLate = sleep(ANSWER_MS, undefined, { signal: AbortSignal.any([signal, stop.signal]) }).then(() => {
        throw new Error("no DHCP answer");
      });
      tooLate.catch(() => undefined);
      return await Promise.race([promise, tooLate]);
    } finally {
      stop.abort();
      this.#waiting.delete(transactionId);
    }
  }

  async #get(path: string, from: string, signal: AbortSignal): Promise<string> {
    const { httpPort: port } = this.#server();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(HTTP_MS)]);
    const call = httpRequest({ host: "127.0.0.1", port, path, localAddress: from, agent: false, signal: limit });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    call.on("error", reject).on("response", (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (body += piece));
      response.on("error", reject).on("end", () => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`${path} answers ${response.statusCode}: ${body}`));
      });
    });
    call.end();
    return promise;
  }
}
