// The sockets of DHCP: reads requests, lets the authority or the proxy answer, sends, tells the story.
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import {
  decodePacket,
  DhcpFormatError,
  encodePacket,
  macOf,
  MessageType,
  messageTypeName,
  Option,
  readClient,
  type Client,
  type DhcpPacket,
} from "@metal-stack/dhcp";
import type { Logger } from "@metal-stack/service";
import type { Metrics } from "../metrics.ts";
import type { Settings } from "../settings.ts";
import type { Authority } from "./authority.ts";
import { answerOnDhcpPort, answerOnPxePort } from "./proxy.ts";
import { bootInformation, type BootInformation } from "./rules/boot-information.ts";
import { bootKind, wantsBoot } from "./rules/firmware.ts";
import { destination, type Destination, type Reply } from "./rules/reply.ts";

export interface DhcpParts {
  readonly settings: Settings;
  /** Undefined in proxy mode. */
  readonly authority: Authority | undefined;
  /** Called for every DISCOVER with a UUID; must return at once. */
  readonly onDiscover: (uuid: string) => void;
  /** A machine that boots was heard; must return at once. */
  readonly onSeen: (mac: string, uuid: string) => void;
  readonly httpPort: number;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export interface RunningDhcp {
  readonly port: number;
  readonly pxePort: number;
  close(): Promise<void>;
}

/** Requests in work at a time; more are dropped, as a full socket buffer would do. */
const MAX_IN_WORK = 256;

export async function serveDhcp(parts: DhcpParts): Promise<RunningDhcp> {
  const { settings } = parts;
  const { ports } = settings;
  const main = await listen(ports.dhcpServer, parts, async (request, client, boot) => {
    const answer = parts.authority
      ? await parts.authority.answer(request, client, boot)
      : answerOnDhcpPort(request, client, boot, settings.address);
    return (
      answer && {
        answer,
        to: destination(
          answer.packet,
          { server: ports.dhcpServer, client: ports.dhcpClient },
          settings.broadcastAddress,
        ),
      }
    );
  });
  // Mostly for a proxy's clients, but some firmware asks here whatever the first answer said.
  const pxe = await listen(ports.pxe, parts, async (request, client, boot, remote) => {
    const answer = answerOnPxePort(request, client, boot, settings.address);
    return answer && { answer, to: { address: remote.address, port: remote.port } };
  });
  return {
    port: main.address().port,
    pxePort: pxe.address().port,
    close: async () => {
      for (const socket of [main, pxe]) {
        await new Promise<void>((done) => socket.close(() => done()));
      }
    },
  };
}

type Handle = (
  request: DhcpPacket,
  client: Client,
  boot: BootInformation | undefined,
  remote: RemoteInfo,
) => Promise<{ answer: Reply; to: Destination } | undefined>;

async function listen(port: number, parts: DhcpParts, handle: Handle): Promise<Socket> {
  const { log, metrics, authority } = parts;
  // A proxy may share the host, and so the port, with the other DHCP server; broadcasts reach both.
  const socket = createSocket({ type: "udp4", reuseAddr: authority === undefined });
  let inWork = 0;
  socket.on("message", (message, remote) => {
    if (inWork >= MAX_IN_WORK) {
      metrics.count("dhcp_packets_total", { type: "dropped" });
      return;
    }
    inWork += 1;
    void answer(socket, message, remote, parts, handle).finally(() => (inWork -= 1));
  });
  // Not bound to one address: that would keep broadcasts away.
  socket.bind(port);
  await once(socket, "listening");
  socket.setBroadcast(true);
  socket.on("error", (error) => log.error({ err: error }, "DHCP socket"));
  return socket;
}

async function answer(
  socket: Socket,
  message: Uint8Array,
  remote: RemoteInfo,
  parts: DhcpParts,
  handle: Handle,
): Promise<void> {
  const { settings, log, metrics } = parts;
  try {
    const request = decodePacket(message);
    const client = readClient(request);
    const mac = macOf(request);
    // "?9" for numbers that DHCP does not know would let a stranger make series.
    const type = messageTypeName(client.messageType);
    metrics.count("dhcp_packets_total", { type: type.startsWith("?") ? "other" : type });
    const kind = bootKind(client);
    const boot =
      kind &&
      bootInformation(
        kind,
        client,
        request.options.get(Option.CLIENT_GUID),
        { address: settings.address, httpPort: parts.httpPort },
        parts.authority ? "server" : "proxy",
      );
    if (mac !== undefined && client.uuid !== undefined && wantsBoot(client)) {
      parts.onSeen(mac, client.uuid);
      if (client.messageType === MessageType.DISCOVER) parts.onDiscover(client.uuid);
    }
    const result = await handle(request, client, boot, remote);
    if (!result) return;
    const bytes = encodePacket(result.answer.packet, result.answer.maxBytes);
    socket.send(bytes, result.to.port, result.to.address, (error) => {
      if (error) log.error({ err: error, mac, to: result.to }, "a DHCP answer could not be sent");
    });
    tell(log, request, client, result.answer, kind);
  } catch (error) {
    metrics.count("dhcp_packets_total", { type: "malformed" });
    if (error instanceof DhcpFormatError) log.debug({ from: remote.address, reason: error.message }, "not DHCP");
    else log.error({ err: error, from: remote.address }, "a DHCP request could not be answered");
  }
}

function tell(log: Logger, request: DhcpPacket, client: Client, { packet }: Reply, kind: string | undefined): void {
  const type = messageTypeName(packet.options.get(Option.MESSAGE_TYPE)?.[0]);
  const unsupported = kind === undefined && wantsBoot(client);
  log.info(
    {
      machine: client.uuid,
      mac: macOf(request),
      step: "dhcp",
      message: type,
      address: packet.yourAddress === "0.0.0.0" ? undefined : packet.yourAddress,
      client: kind,
      bootFile: packet.bootFile || undefined,
      ...(unsupported ? { architectures: client.architectures } : {}),
    },
    unsupported ? "no program for this firmware: it gets an address and nothing to boot" : `DHCP ${type}`,
  );
}
