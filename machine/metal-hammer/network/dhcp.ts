// An address for the machine: every card asks, the first answer wins, its client stays to renew the lease.
import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { run } from "../command.ts";
import type { Say } from "../console.ts";
import { LEASE_SCRIPT, parseLease, type Lease } from "./rules-lease.ts";

const SCRIPT = "/run/udhcpc.sh";
const RESOLV_CONF = "/run/resolv.conf";

/** Asks on all cards until one has a lease, and configures it. Never gives up; the watchdog's deadline does. */
export async function acquireAddress(cards: readonly string[], say: Say): Promise<Lease> {
  if (cards.length === 0) throw new Error("this machine has no network card with a driver");
  writeFileSync(SCRIPT, LEASE_SCRIPT, { mode: 0o755 });
  const first = Promise.withResolvers<Lease>();
  const clients = new Map<string, ChildProcess>();
  let chosen: Lease | undefined;

  const heard = async (lease: Lease) => {
    if (chosen === undefined) {
      chosen = lease;
      for (const [name, client] of clients) if (name !== lease.interface) client.kill();
      await configure(lease);
      first.resolve(lease);
    } else if (lease.interface === chosen.interface) {
      if (lease.ip !== chosen.ip) say(`DHCP gave another address: ${lease.ip}`);
      chosen = lease;
      await configure(lease);
    }
  };
  for (const card of cards) {
    // -f stay in the foreground; four tries one second apart, then rest for two.
    const client = spawn("udhcpc", ["-f", "-i", card, "-s", SCRIPT, "-t", "4", "-T", "1", "-A", "2"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    clients.set(card, client);
    client.on("error", (error) => first.reject(new Error(`udhcpc: ${error.message}`)));
    createInterface(client.stdout).on("line", (line) => {
      const lease = parseLease(line);
      if (lease) heard(lease).catch((error: unknown) => first.reject(error));
    });
  }
  return first.promise;
}

async function configure(lease: Lease): Promise<void> {
  const device = ["dev", lease.interface];
  await run("ip", ["address", "replace", `${lease.ip}/${lease.prefixLength}`, ...device]);
  if (lease.routers[0]) await run("ip", ["route", "replace", "default", "via", lease.routers[0], ...device]);
  writeFileSync(RESOLV_CONF, lease.dnsServers.map((server) => `nameserver ${server}\n`).join(""));
}
