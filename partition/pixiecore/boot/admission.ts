// Who may have the boot script of a machine, and with it its ticket: only the machine itself, as far as a boot
// server can tell. Otherwise a neighbour in the boot network who guesses a UUID would get that machine's identity.
import { readFile } from "node:fs/promises";
import { formatIpv4, parseIpv4, parseMac, type LeaseTable } from "@metal-stack/dhcp";

interface Asker {
  /** IPv4 address the request came from. */
  readonly address: string;
  readonly mac: string;
  readonly uuid: string;
}

export interface Admission {
  /** DHCP heard a machine that boots. */
  seen(mac: string, uuid: string): void;
  /** Why this asker gets no script; undefined: it may have it. */
  refusal(asker: Asker): Promise<string | undefined>;
  /** Which machine has this address, for logs. */
  machineAt(address: string): Promise<{ mac: string; machine: string | undefined } | undefined>;
}

export type ReadArp = () => Promise<string>;
export const readKernelsArp: ReadArp = () => readFile("/proc/net/arp", "utf8");

/**
 * Server mode: our own lease ties address, MAC and UUID together, and the kernel's ARP table says whether that MAC has the
 * address now: anybody can give himself another's address.
 */
export function admissionByLease(leases: LeaseTable, readArp = readKernelsArp): Admission {
  return {
    seen: () => undefined,
    refusal: async ({ address, mac, uuid }) => {
      const lease = leases.ofMac(mac, Date.now());
      if (!lease) return `${mac} has no lease of this server`;
      if (formatIpv4(lease.address) !== address) return `${mac} was given ${formatIpv4(lease.address)}, not ${address}`;
      if (lease.uuid !== uuid)
        return `${mac} named ${lease.uuid ?? "no machine"} when it asked for an address, not ${uuid}`;
      // Loopback has no neighbours: who sends from it runs on this very host.
      if (address.startsWith("127.")) return undefined;
      const neighbour = arpEntry(await readArp(), address);
      return neighbour === mac ? undefined : `${address} is ${neighbour ?? "nobody on this link"} now, not ${mac}`;
    },
    machineAt: async (address) => {
      const lease = leases.ofAddress(parseIpv4(address) ?? -1, Date.now());
      return lease && { mac: lease.mac, machine: lease.uuid };
    },
  };
}

const MAX_SEEN = 10_000;

/**
 * Proxy mode: the leases are another server's, but the machines are on our link, so the kernel's ARP table ties address
 * and MAC, and what DHCP heard ties MAC and UUID. After a restart a machine has to DISCOVER again.
 */
export function admissionByNeighbour(readArp = readKernelsArp): Admission {
  const uuids = new Map<string, string>();
  const macOf = async (address: string) => arpEntry(await readArp(), address);
  return {
    seen: (mac, uuid) => {
      uuids.delete(mac);
      uuids.set(mac, uuid);
      if (uuids.size > MAX_SEEN) uuids.delete(uuids.keys().next().value!);
    },
    refusal: async ({ address, mac, uuid }) => {
      const neighbour = await macOf(address);
      if (neighbour !== mac) return `${address} is ${neighbour ?? "nobody on this link"}, not ${mac}`;
      const heard = uuids.get(mac);
      if (heard !== uuid) return `${mac} named ${heard ?? "no machine"} in DHCP, not ${uuid}`;
      return undefined;
    },
    machineAt: async (address) => {
      const mac = await macOf(address);
      return mac === undefined ? undefined : { mac, machine: uuids.get(mac) };
    },
  };
}

/** Columns of /proc/net/arp: IP address, HW type, flags, HW address, mask, device (proc(5)). */
function arpEntry(table: string, address: string): string | undefined {
  for (const line of table.split("\n")) {
    const columns = line.split(/\s+/);
    if (columns[0] === address) return parseMac(columns[3] ?? "");
  }
  return undefined;
}
