// Proxy mode: another server gives the addresses, this one adds what to boot (PXE 2.1 §2.2.3).
import { BOOT_REQUEST, macOf, MessageType, type Client, type DhcpPacket } from "@metal-stack/dhcp";
import type { BootInformation } from "./rules/boot-information.ts";
import { reply, type Reply } from "./rules/reply.ts";

/** What arrives on the DHCP port: only a DISCOVER of a client that boots gets an offer, without address. */
export function answerOnDhcpPort(
  request: DhcpPacket,
  client: Client,
  boot: BootInformation | undefined,
  serverAddress: string,
): Reply | undefined {
  if (request.op !== BOOT_REQUEST || macOf(request) === undefined || !boot) return undefined;
  if (client.messageType !== MessageType.DISCOVER) return undefined;
  return reply(request, client, MessageType.OFFER, serverAddress, { boot });
}

/** What arrives on port 4011: the client has an address and asks for its boot file. */
export function answerOnPxePort(
  request: DhcpPacket,
  client: Client,
  boot: BootInformation | undefined,
  serverAddress: string,
): Reply | undefined {
  if (request.op !== BOOT_REQUEST || !boot) return undefined;
  if (client.messageType !== MessageType.REQUEST && client.messageType !== MessageType.INFORM) return undefined;
  return reply(request, client, MessageType.ACK, serverAddress, { boot });
}
