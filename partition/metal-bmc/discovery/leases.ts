// dhcpd.leases(5), read so that one odd entry never hides the others (unlike the original: reference/partition-services.md 4.2).
import { isIP } from "node:net";

export interface Lease {
  readonly address: string;
  /** Lower case. */
  readonly mac: string;
  /** Milliseconds since 1970; Infinity for a lease that never ends. */
  readonly ends: number;
}

/** A quoted text, a bracket, the end of a statement, a comment, or a word. */
const TOKEN = /"(?:[^"\\\n]|\\.)*"|[{};]|#[^\n]*|[^\s{};"#]+|"/g;
const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i;
/** Binding states in which the address is not the client's any more. */
const GONE: readonly string[] = ["free", "released", "expired", "abandoned", "backup", "reset"];

interface Entry {
  address: string;
  mac?: string;
  ends?: number;
  state?: string;
}

/**
 * The leases in force at `now` (milliseconds since 1970), one for each MAC: the one that ends last. Entries that are
 * incomplete, over or unreadable are left out. Never throws.
 */
export function activeLeases(text: string, now: number): Lease[] {
  // A later entry for an address replaces an earlier one.
  const byAddress = new Map<string, Entry>();
  for (const entry of entries(text)) byAddress.set(entry.address, entry);
  const byMac = new Map<string, Lease>();
  for (const { address, mac, ends, state } of byAddress.values()) {
    if (mac === undefined || ends === undefined || ends < now || GONE.includes(state ?? "")) continue;
    if ((byMac.get(mac)?.ends ?? -Infinity) <= ends) byMac.set(mac, { address, mac, ends });
  }
  return [...byMac.values()];
}

function* entries(text: string): Generator<Entry> {
  let entry: Entry | undefined;
  let depth = 0;
  let statement: string[] = [];
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.startsWith("#")) continue;
    if (token !== "{" && token !== "}" && token !== ";") {
      statement.push(token);
      continue;
    }
    // "lease" starts an entry wherever it stands: the one before may have been torn off in the middle.
    if (token === "{" && statement.at(-2)?.endsWith("lease") && isIP(statement.at(-1)!)) {
      entry = { address: statement.at(-1)! };
      depth = 0;
    } else if (token === "{") depth += 1;
    else if (entry && depth === 0) read(entry, statement);
    if (token === "}" && depth > 0) depth -= 1;
    else if (token === "}") {
      if (entry) yield entry;
      entry = undefined;
    }
    statement = [];
  }
}

function read(entry: Entry, statement: readonly string[]): void {
  const [first, second, third] = statement;
  if (first === "hardware" && second === "ethernet" && third && MAC.test(third)) entry.mac = third.toLowerCase();
  if (first === "binding" && second === "state" && third) entry.state = third;
  if (first === "ends") {
    const ends = parseTime(statement.slice(1));
    if (ends !== undefined) entry.ends = ends;
  }
}

/** "never", "epoch <seconds>" or "<weekday> <Y/M/D> <h:m:s>" in UTC. */
function parseTime([first, second, third]: readonly string[]): number | undefined {
  if (first === "never") return Infinity;
  if (first === "epoch") return /^\d+$/.test(second ?? "") ? Number(second) * 1000 : undefined;
  const date = /^(\d{4})\/(\d{1,2})\/(\d{1,2})$/.exec(second ?? "");
  const time = /^(\d{1,2}):(\d{1,2}):(\d{1,2})$/.exec(third ?? "");
  if (!date || !time) return undefined;
  const [year, month, day] = date.slice(1).map(Number);
  const [hours, minutes, seconds] = time.slice(1).map(Number);
  return Date.UTC(year!, month! - 1, day, hours, minutes, seconds);
}
