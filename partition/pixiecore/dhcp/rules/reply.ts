// Builds answers (RFC 2131 §4.3.1, table 3) and says where they go (§4.1).
import {
  BOOT_REPLY,
  ipv4Value,
  MessageType,
  MIN_MAX_PACKET_BYTES,
  Option,
  uint8Value,
  type Client,
  type DhcpPacket,
  type Options,
} from "@metal-stack/dhcp";
import type { BootInformation } from "./boot-information.ts";

export interface Reply {
  readonly packet: DhcpPacket;
  /** Largest packet the client takes, in bytes. */
  readonly maxBytes: number;
}

const UNSET = "0.0.0.0";
const IP_AND_UDP_HEADERS = 28;

/** An answer to `request`. NAK carries nothing but itself. */
export function reply(
  request: DhcpPacket,
  client: Client,
  type: number,
  serverAddress: string,
  content: { yourAddress?: string; settings?: Options; boot?: BootInformation | undefined } = {},
): Reply {
  const nak = type === MessageType.NAK;
  const options: Options = new Map([
    [Option.MESSAGE_TYPE, uint8Value(type)],
    [Option.SERVER_IDENTIFIER, ipv4Value(serverAddress)],
    ...(content.settings ?? []),
    ...(content.boot?.options ?? []),
  ]);
  // A relay finds the client's port by its own option, so it comes back as it was (RFC 3046 §2.2); last, for old clients.
  const relay = request.options.get(Option.RELAY_AGENT);
  if (relay) options.set(Option.RELAY_AGENT, relay);
  return {
    packet: {
      op: BOOT_REPLY,
      hardwareType: request.hardwareType,
      hops: 0,
      transactionId: request.transactionId,
      seconds: 0,
      broadcast: request.broadcast || (nak && request.relayAddress !== UNSET),
      clientAddress: nak || type === MessageType.OFFER ? UNSET : request.clientAddress,
      yourAddress: content.yourAddress ?? UNSET,
      nextServer: content.boot?.nextServer ?? UNSET,
      relayAddress: request.relayAddress,
      hardwareAddress: request.hardwareAddress,
      serverName: "",
      bootFile: content.boot?.bootFile ?? "",
      options,
    },
    maxBytes: Math.max(MIN_MAX_PACKET_BYTES, (client.maxMessageSize ?? 0) - IP_AND_UDP_HEADERS),
  };
}

export interface Destination {
  readonly address: string;
  readonly port: number;
}

/**
 * Where an answer on the DHCP port goes. A client that has no address yet gets a broadcast even if it could take
 * unicast: that would need its address in our ARP table, which only a raw socket or root can arrange.
 */
export function destination(
  packet: DhcpPacket,
  ports: { readonly server: number; readonly client: number },
  broadcastAddress: string,
): Destination {
  if (packet.relayAddress !== UNSET) return { address: packet.relayAddress, port: ports.server };
  if (packet.clientAddress !== UNSET) return { address: packet.clientAddress, port: ports.client };
  return { address: broadcastAddress, port: ports.client };
}
