// Certificates are judged by the clock, and a server's battery may be empty: set it once, early.
// NTP of the partition first; else the Date header of the boot server, whose configuration (with the CA) is trusted on
// the same grounds. The clock is left alone when it is right to within a few seconds.
import { createSocket } from "node:dgram";
import { run } from "../command.ts";
import type { Say } from "../console.ts";

const NTP_PORT = 123;
const NTP_PACKET_SIZE = 48;
/** RFC 4330 §4: version 4, mode 3 (client). */
const NTP_CLIENT_REQUEST = 0x23;
/** Seconds from 1900 to 1970. */
const NTP_EPOCH_OFFSET = 2_208_988_800;
const NTP_TIMEOUT_MS = 1_500;
const TOLERANCE_MS = 2_000;

/**
 * The time in an SNTP answer (RFC 4330 §4, transmit timestamp); undefined when it is no usable answer:
 * another mode, an unsynchronised server, or a time outside 1970–2036.
 */
export function parseNtpAnswer(packet: Uint8Array): Date | undefined {
  if (packet.length < NTP_PACKET_SIZE) return undefined;
  const view = Buffer.from(packet);
  const [mode, leap, stratum] = [view[0]! & 0x07, view[0]! >> 6, view[1]!];
  if (mode !== 4 || leap === 3 || stratum === 0 || stratum > 15) return undefined;
  const seconds = view.readUInt32BE(40) - NTP_EPOCH_OFFSET;
  return seconds > 0 ? new Date(seconds * 1000 + (view.readUInt32BE(44) / 2 ** 32) * 1000) : undefined;
}

async function askNtp(server: string, port = NTP_PORT): Promise<Date> {
  const socket = createSocket(server.includes(":") ? "udp6" : "udp4");
  try {
    return await new Promise<Date>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${server} does not answer`)), NTP_TIMEOUT_MS);
      socket.on("error", reject);
      socket.on("message", (packet) => {
        const time = parseNtpAnswer(packet);
        clearTimeout(timer);
        if (time) resolve(time);
        else reject(new Error(`${server} gives no time`));
      });
      const request = Buffer.alloc(NTP_PACKET_SIZE);
      request[0] = NTP_CLIENT_REQUEST;
      socket.connect(port, server, () => socket.send(request));
    });
  } finally {
    socket.close();
  }
}

/** The first NTP server's answer, or the fallback. */
export async function trustedTime(
  servers: readonly string[],
  fallback: Date | undefined,
): Promise<{ time: Date; source: string } | undefined> {
  const asked = servers.map(async (server) => ({ time: await askNtp(server), source: `NTP server ${server}` }));
  const answer = await Promise.any(asked).catch(() => undefined);
  return answer ?? (fallback && { time: fallback, source: "boot server" });
}

/** Sets system and hardware clock when they are far off. Failures are told, not thrown: the clock may do as it is. */
export async function setClock(servers: readonly string[], fallback: Date | undefined, say: Say): Promise<void> {
  const trusted = await trustedTime(servers, fallback);
  if (!trusted) return say("nobody told the time; the clock stays as it is");
  const difference = trusted.time.getTime() - Date.now();
  if (Math.abs(difference) < TOLERANCE_MS) return;
  try {
    await run("date", ["-u", "-s", `@${Math.round(trusted.time.getTime() / 1000)}`]);
    say(`clock set by ${Math.round(difference / 1000)} s to ${trusted.time.toISOString()} (${trusted.source})`);
    await run("hwclock", ["-u", "-w"]);
  } catch (error) {
    say(`cannot set the clock: ${(error as Error).message}`);
  }
}
