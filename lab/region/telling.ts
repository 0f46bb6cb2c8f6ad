// What the partition's services and the servers' chassis say in their logs, as stages of the story: the part of a
// machine's way before it can speak for itself.
import type { Timeline } from "../story/timeline.ts";
import { SERVERS } from "./servers.ts";

/** pixiecore's steps → stage. */
const BOOT_STEPS: Readonly<Record<string, string>> = {
  dhcp: "DHCP",
  tftp: "iPXE by TFTP",
  firmware: "iPXE by HTTP",
  ipxe: "iPXE boot script",
  kernel: "kernel sent",
  initrd: "discovery image sent",
};

function serverBy(line: Record<string, unknown>): string | undefined {
  const macs = (server: (typeof SERVERS)[number]): readonly string[] => server.macs;
  return SERVERS.find(
    (server) => server.uuid === line["machine"] || macs(server).includes(String(line["mac"]).toLowerCase()),
  )?.name;
}

/** A listener for log lines; `source` is the process they come from. */
export function storyOf(timeline: Timeline): (source: string, line: Record<string, unknown>) => void {
  return (source, line) => {
    if (SERVERS.some((server) => server.name === source)) {
      if (line["event"] === "power" && line["state"] === "on") timeline.reached(source, "powered on");
      if (line["event"] === "guest-panic") timeline.note(source, "the guest panicked");
      return;
    }
    const stage = source === "pixiecore" ? BOOT_STEPS[String(line["step"])] : undefined;
    const server = serverBy(line);
    if (stage && server) timeline.reached(server, stage);
    if (line["step"] === "port moved")
      timeline.note(source, `port ${String(line["port"])} → ${String(line["vrf"]) || "boot network"}`);
  };
}
