// What the hammer says over LLDP and what it makes of the answers (reference/partition-services.md 3.2 step 16 and 3.9).
import type { FrameToSend, LldpFrame } from "@metal-stack/lldp";
import type { NetworkCard } from "./rules-links.ts";

export interface CardNeighbours {
  readonly card: string;
  readonly frames: readonly LldpFrame[];
}

/** @param intervalSeconds a receiver may forget us after two of them */
export function announcement(
  card: NetworkCard,
  machineId: string,
  description: string,
  intervalSeconds: number,
): FrameToSend {
  return {
    source: card.mac,
    chassisId: { subtype: "mac", value: card.mac },
    portId: { subtype: "interface name", value: card.name },
    ttl: 2 * intervalSeconds,
    portDescription: card.name,
    systemName: machineId,
    systemDescription: description,
  };
}

export function systemDescription(ip: string | undefined, version: string, since: Date): string {
  return `metal-hammer IP:${ip ?? "none"} version:${version} waiting since ${since.toISOString()} for installation`;
}

/** Two switches, told apart by their chassis, on two cards. */
export function seenEnough(neighbours: readonly CardNeighbours[]): boolean {
  const connected = neighbours.filter(({ frames }) => frames.length > 0);
  const chassis = new Set(connected.flatMap(({ frames }) => frames.map((frame) => frame.chassisId.value)));
  return connected.length >= 2 && chassis.size >= 2;
}
