// A network boot client made of packets: talks to the boot server on loopback, which is where the server broadcasts to in tests.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import {
  BOOT_REQUEST,
  decodePacket,
  encodePacket,
  HARDWARE_ETHERNET,
  ipv4Value,
  MessageType,
  Option,
  textValue,
  uint8Value,
  uuidToGuid,
  type DhcpPacket,
  type Options,
} from "@metal-stack/dhcp";

/** How a client says what it is; see libraries/dhcp/testdata for the packets these follow. */
export const FIRMWARE = {
  bios: { vendorClass: "PXEClient:Arch:00000:UNDI:002001", architecture: 0 },
  uefi: { vendorClass: "PXEClient:Arch:00007:UNDI:003000", architecture: 7 },
  uefiHttp: { vendorClass: "HTTPClient:Arch:00016:UNDI:003000", architecture: 16 },
  ipxe: { vendorClass: "PXEClient:Arch:00007:UNDI:003010", architecture: 7, userClass: "iPXE" },
  arm: { vendorClass: "PXEClient:Arch:00011:UNDI:003000", architecture: 11 },
} as const;

export class TestDhcpClient {
  readonly mac: string;
  readonly uuid: string | undefined;
  readonly #socket: Socket;
  readonly #serverPort: number;

  private constructor(socket: Socket, serverPort: number, mac: string, uuid: string | undefined) {
    this.#socket = socket;
    this.#serverPort = serverPort;
    this.mac = mac;
    this.uuid = uuid;
  }

  /** @param ownPort where the server sends answers to: its DHCP client port */
  static async open(serverPort: number, ownPort: number, mac: string, uuid?: string): Promise<TestDhcpClient> {
    const socket = createSocket("udp4").bind(ownPort, "127.0.0.1");
    await once(socket, "listening");
    return new TestDhcpClient(socket, serverPort, mac, uuid);
  }

  close(): void {
    this.#socket.close();
  }

  /** DISCOVER and REQUEST; the ACK, with the address in `yourAddress`. */
  async boot(firmware: keyof typeof FIRMWARE | undefined): Promise<{ offer: DhcpPacket; ack: DhcpPacket }> {
    const offer = await this.ask(MessageType.DISCOVER, firmware);
    const server = offer.options.get(Option.SERVER_IDENTIFIER)!;
    const ack = await this.ask(MessageType.REQUEST, firmware, [
      [Option.REQUESTED_ADDRESS, ipv4Value(offer.yourAddress)],
      [Option.SERVER_IDENTIFIER, server],
    ]);
    return { offer, ack };
  }

  /** Sends, and waits up to 5 s for the next answer. */
  async ask(
    type: number,
    firmware?: keyof typeof FIRMWARE,
    extra: [number, Uint8Array][] = [],
    port = this.#serverPort,
  ): Promise<DhcpPacket> {
    const answer = once(this.#socket, "message", { signal: AbortSignal.timeout(5_000) });
    this.send(type, firmware, extra, port);
    const [bytes] = (await answer) as [Buffer];
    return decodePacket(bytes);
  }

  send(type: number, firmware?: keyof typeof FIRMWARE, extra: [number, Uint8Array][] = [], port = this.#serverPort) {
    const said: { vendorClass: string; architecture: number; userClass?: string } | undefined =
      firmware && FIRMWARE[firmware];
    const options: Options = new Map([
      [Option.MESSAGE_TYPE, uint8Value(type)],
      [Option.PARAMETER_REQUEST_LIST, Uint8Array.of(1, 3, 6, 43, 60, 66, 67)],
      ...extra,
    ]);
    if (said) {
      options.set(Option.VENDOR_CLASS, textValue(said.vendorClass));
      options.set(Option.CLIENT_ARCHITECTURE, Uint8Array.of(0, said.architecture));
      if (said.userClass !== undefined) options.set(Option.USER_CLASS, textValue(said.userClass));
      if (this.uuid !== undefined) options.set(Option.CLIENT_GUID, uuidToGuid(this.uuid));
    }
    const packet: DhcpPacket = {
      op: BOOT_REQUEST,
      hardwareType: HARDWARE_ETHERNET,
      hops: 0,
      transactionId: Math.trunc(Math.random() * 0xffffffff),
      seconds: 0,
      broadcast: false,
      clientAddress: "0.0.0.0",
      yourAddress: "0.0.0.0",
      nextServer: "0.0.0.0",
      relayAddress: "0.0.0.0",
      hardwareAddress: Buffer.from(this.mac.replaceAll(":", ""), "hex"),
      serverName: "",
      bootFile: "",
      options,
    };
    this.#socket.send(encodePacket(packet), port, "127.0.0.1");
  }
}
