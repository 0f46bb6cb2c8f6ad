import { existsSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { run } from "../command.ts";
import type { Say } from "../console.ts";
import { networkCards, type NetworkCard } from "./rules-links.ts";

/** The fabric's size for machines (reference/partition-services.md appendix B). */
const MTU = 9000;

/**
 * These cards answer LLDP themselves and hide the switch from us. The private flag that stops it, by driver
 * (Linux Documentation/networking/device_drivers/ethernet/intel).
 */
const FIRMWARE_LLDP_OFF: Readonly<Record<string, readonly string[]>> = {
  i40e: ["disable-fw-lldp", "on"],
  ice: ["fw-lldp-agent", "off"],
};

export async function listNetworkCards(): Promise<NetworkCard[]> {
  return networkCards(await run("ip", ["-j", "link", "show"]), (name) => existsSync(`/sys/class/net/${name}/device`));
}

/** Brings all cards up with large frames; a card that refuses keeps its size. */
export async function bringUp(cards: readonly NetworkCard[], say: Say): Promise<void> {
  const commands = cards.flatMap(({ name }) => [`link set dev ${name} mtu ${MTU}`, `link set dev ${name} up`]);
  // -force goes on after a command that failed; the exit code then tells only that one did.
  await run("ip", ["-force", "-batch", "-"], { input: `${commands.join("\n")}\n` }).catch((error: Error) =>
    say(`not every card takes an MTU of ${MTU}: ${error.message}`),
  );
  for (const { name } of cards) {
    const flag = FIRMWARE_LLDP_OFF[driverOf(name) ?? ""];
    if (flag)
      await run("ethtool", ["--set-priv-flags", name, ...flag]).catch((error: Error) =>
        say(`${name}: the firmware keeps its own LLDP: ${error.message}`),
      );
  }
}

function driverOf(name: string): string | undefined {
  try {
    return basename(readlinkSync(`/sys/class/net/${name}/device/driver`));
  } catch {
    return undefined;
  }
}
