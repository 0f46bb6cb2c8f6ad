// Leases as ISC dhcpd writes them (dhcpd.leases(5)): a log of declarations where the last one of an address counts.
// Other programs of a partition read this file, so the store needs no format of its own.
import { formatIpv4, parseIpv4, parseMac } from "../address.ts";
import type { Lease, LeaseState } from "./rules.ts";

const ISC_STATES: Record<LeaseState, string> = {
  active: "active",
  offered: "free",
  released: "released",
  abandoned: "abandoned",
};

/** One declaration; times in UTC, whole seconds (rounded down). */
export function formatLease(lease: Lease): string {
  return [
    `lease ${formatIpv4(lease.address)} {`,
    `  starts ${formatTime(lease.starts)};`,
    `  ends ${formatTime(lease.ends)};`,
    `  binding state ${ISC_STATES[lease.state]};`,
    `  next binding state free;`,
    `  hardware ethernet ${lease.mac};`,
    ...(lease.uuid === undefined ? [] : [`  set machine-uuid = "${lease.uuid}";`]),
    "}\n",
  ].join("\n");
}

/**
 * Reads a dhcpd.leases file, ISC's own ones too; one lease an address, the latest. Declarations without an Ethernet
 * address or without readable times, and everything else in the file, are passed over.
 */
export function parseLeases(text: string): Lease[] {
  const leases = new Map<number, Lease>();
  for (const [, addressText, body] of text.matchAll(
    /^lease[ \t]+([0-9.]{7,15})[ \t]+\{((?:"(?:[^"\\]|\\[^])*"|[^"}])*)\}/gm,
  )) {
    const lease = parseBody(parseIpv4(addressText!), body!);
    if (!lease) continue;
    leases.delete(lease.address);
    leases.set(lease.address, lease);
  }
  return [...leases.values()];
}

function parseBody(address: number | undefined, body: string): Lease | undefined {
  const statement = (pattern: RegExp) => pattern.exec(body)?.[1];
  const mac = parseMac(statement(/^\s*hardware ethernet ([0-9a-fA-F:]{17});/m) ?? "");
  const starts = parseTime(statement(/^\s*starts ([^;]{1,40});/m));
  const ends = parseTime(statement(/^\s*ends ([^;]{1,40});/m));
  const isc = statement(/^\s*binding state ([a-z]{1,20});/m) ?? "active";
  if (address === undefined || mac === undefined || starts === undefined || ends === undefined) return undefined;
  const state = isc === "active" || isc === "abandoned" ? isc : "released";
  const uuid = statement(/^\s*set machine-uuid = "([0-9a-f-]{36})";/m);
  return { address, mac, state, starts, ends, ...(uuid === undefined ? {} : { uuid }) };
}

function formatTime(time: number): string {
  const date = new Date(time);
  const [day, clock] = date.toISOString().split("T");
  return `${date.getUTCDay()} ${day!.replaceAll("-", "/")} ${clock!.slice(0, 8)}`;
}

/** The end of time for a lease without end ("ends never"): year 9999. */
const NEVER = Date.UTC(9999, 11, 31);

function parseTime(text: string | undefined): number | undefined {
  if (text === "never") return NEVER;
  const epoch = /^epoch (\d{1,12})\b/.exec(text ?? "");
  if (epoch) return Number(epoch[1]) * 1000;
  const match = /^[0-6] (\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d)$/.exec(text ?? "");
  const time = match ? Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}Z`) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
