// Which BMCs there are: those in the file of static ones, and those with a DHCP lease.
import { readFileSync } from "node:fs";
import { BlockList, isIP, isIPv6 } from "node:net";
import { ConfigurationError, type Logger } from "@metal-stack/service";
import { formatAddress, parseAddress } from "../bmc/address.ts";
import { activeLeases } from "./leases.ts";

export interface Candidate {
  /** "host:port" */
  readonly address: string;
  /** Lower case; undefined when only the BMC itself can tell. */
  readonly mac?: string;
}

export interface CandidateSources {
  readonly bmcsFile: string | undefined;
  readonly leaseFile: string | undefined;
  /** Leases outside of these networks are left out; empty allows all. */
  readonly allowedCidrs: readonly string[];
  readonly ignoreMacs: readonly string[];
}

/** Reads both files; one that cannot be read is logged and counts as empty. Each address comes once. */
export function findCandidates(sources: CandidateSources, log: Logger, now = Date.now()): Candidate[] {
  const ignored = new Set(sources.ignoreMacs.map((mac) => mac.toLowerCase()));
  const allowed = parseCidrs(sources.allowedCidrs);
  const fixed = readOr(sources.bmcsFile, log, parseBmcs, []);
  const leases = readOr(sources.leaseFile, log, (text) => activeLeases(text, now), [])
    .filter(({ address }) => !allowed || allowed.check(address, isIPv6(address) ? "ipv6" : "ipv4"))
    .map(({ address, mac }) => ({ address: formatAddress(address), mac }));
  const byAddress = new Map<string, Candidate>();
  for (const candidate of [...fixed, ...leases]) {
    if (candidate.mac && ignored.has(candidate.mac)) continue;
    if (!byAddress.has(candidate.address)) byAddress.set(candidate.address, candidate);
  }
  return [...byAddress.values()];
}

/** A JSON list of {"address": "host" or "host:port", "mac"?}. Throws an Error that names the bad entry. */
export function parseBmcs(text: string): Candidate[] {
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) throw new Error("expected a JSON list of {address, mac?}");
  return list.map((entry: unknown, index) => {
    const { address, mac } = (entry ?? {}) as { address?: unknown; mac?: unknown };
    const where = typeof address === "string" ? parseAddress(address) : undefined;
    if (!where) throw new Error(`entry ${index + 1}: address must be "host" or "host:port"`);
    if (mac !== undefined && typeof mac !== "string") throw new Error(`entry ${index + 1}: mac must be a text`);
    return { address: formatAddress(where.host, where.port), ...(mac && { mac: mac.toLowerCase() }) };
  });
}

/** Undefined for an empty list. Throws ConfigurationError. */
export function parseCidrs(cidrs: readonly string[]): BlockList | undefined {
  if (cidrs.length === 0) return undefined;
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = "", length = ""] = cidr.split("/");
    const family = isIP(network);
    const bits = /^\d{1,3}$/.test(length) ? Number(length) : -1;
    if (family === 0 || bits < 0 || bits > (family === 6 ? 128 : 32))
      throw new ConfigurationError(`METAL_BMC_ALLOWED_CIDRS: "${cidr}" is not a network like 10.1.0.0/16`);
    list.addSubnet(network, bits, family === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

function readOr<T>(path: string | undefined, log: Logger, parse: (text: string) => T, otherwise: T): T {
  if (path === undefined) return otherwise;
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (error) {
    log.warn({ path, reason: (error as Error).message }, "cannot read the list of BMCs");
    return otherwise;
  }
}
