// Leaf switches, and how they are (reference/platform-services.md 3.4).
import { age } from "../output/age.ts";
import { goDuration } from "../output/duration.ts";
import type { Look } from "../output/look.ts";
import { column, field, type Doc, type Resource } from "./resource.ts";

export interface Nic {
  readonly name: string;
  readonly identifier?: string;
  readonly mac?: string;
  readonly actual?: string;
  readonly filter?: { readonly vnis?: readonly string[] | null; readonly cidrs?: readonly string[] | null } | null;
  readonly bgp_port_state?: { readonly BgpState?: string; readonly bgp_timer_up_established?: number } | null;
}
export interface Connection {
  readonly nic: Nic;
  readonly machine_id: string;
}

export const nicsOf = (leaf: Doc) => (leaf["nics"] ?? []) as readonly Nic[];
export const connectionsOf = (leaf: Doc) => (leaf["connections"] ?? []) as readonly Connection[];

const LATE_MS = 60_000;
const FAILING_MS = 10 * 60_000;
const SLOW_MS = 20_000;
const TOO_SLOW_MS = 30_000;
/** Errors of a synchronisation that are older are not shown. */
const OLD_ERROR_MS = 7 * 24 * 3_600_000;
const NANOSECONDS_IN_MS = 1e6;

/** The first port that is not up, and what it should be. */
function portTrouble(leaf: Doc): string {
  const down = connectionsOf(leaf).find(({ nic }) => nic.actual !== undefined && nic.actual !== "UP")?.nic;
  if (!down) return "";
  const wished = nicsOf(leaf).find(({ name }) => name === down.name)?.actual ?? "";
  const should = wished === down.actual ? "" : ` but should be ${wished}`;
  return `"${down.name}" is ${down.actual ?? ""}${should}`;
}

const since = (leaf: Doc, path: string) => Date.now() - Date.parse(field(path)(leaf));
const duration = (leaf: Doc) => Math.round(Number(field("last_sync.duration")(leaf)) / NANOSECONDS_IN_MS);
/** The zero time of Go is unset. */
const recentError = (leaf: Doc) => since(leaf, "last_sync_error.time") < OLD_ERROR_MS;

function status(leaf: Doc, { icons, paint }: Look): string {
  const silent = since(leaf, "last_sync.time");
  const newerError = recentError(leaf) && !(since(leaf, "last_sync_error.time") >= silent);
  const replacing = leaf["mode"] === "replace";
  const failing = silent >= FAILING_MS || duration(leaf) >= TOO_SLOW_MS || newerError || replacing;
  const late = silent >= LATE_MS || duration(leaf) >= SLOW_MS || portTrouble(leaf) !== "";
  if (Number.isNaN(silent) && !failing) return "";
  const [word, colour] = failing
    ? (["failing", "red"] as const)
    : late
      ? (["late", "yellow"] as const)
      : (["ok", "green"] as const);
  return icons ? paint(colour, "●") : replacing ? "replace" : word;
}

function lastError(leaf: Doc): string {
  return recentError(leaf)
    ? `${age(field("last_sync_error.time")(leaf))} ago: ${field("last_sync_error.error")(leaf)}`
    : portTrouble(leaf);
}

const OS_ICONS: Readonly<Record<string, string>> = { cumulus: "🐢", sonic: "🦔" };

function os(leaf: Doc, { wide, icons }: Look): string {
  const [vendor, version] = [field("os.vendor")(leaf), field("os.version")(leaf)];
  if (wide) return version ? `${vendor} (${version})` : vendor;
  return (icons && OS_ICONS[vendor.toLowerCase()]) || vendor;
}

const ago = (time: string) => (time ? `${time} ago` : "");

export const switches: Resource = {
  name: "switch",
  aliases: ["switches", "sw"],
  help: "leaf switches",
  path: "/v1/switch",
  example: "leaf01",
  examples: {
    list: [["those of a rack", "--partition fra-equ01 --rack rack01"]],
    delete: [["with machines still connected to it", "leaf01 --force"]],
  },
  columns: [
    column("ID", "id"),
    column("Partition", "partition.id"),
    column("Rack", "rack_id"),
    { header: "OS", cell: os },
    // "v0.9.1 (1d5e42ea), tags/v0.9.1-0-g1d5e42e, go1.20.5"
    { header: "Metalcore", cell: (leaf) => field("os.metal_core_version")(leaf).split(",")[0]!, in: "wide" },
    column("IP", "management_ip", "wide"),
    { header: "Mode", cell: (leaf) => (leaf["mode"] === "replace" ? "replace" : "operational"), in: "wide" },
    { header: "Status", cell: status, in: "table" },
    { header: "Last Sync", cell: (leaf) => ago(age(field("last_sync.time")(leaf))) },
    { header: "Sync Duration", cell: (leaf) => (leaf["last_sync"] ? goDuration(duration(leaf)) : ""), in: "wide" },
    { header: "Last Error", cell: lastError, in: "wide" },
  ],
  filters: [
    { flags: "--id <id>", help: "only with this id", field: "id" },
    { flags: "--name <name>", help: "only with this name", field: "name" },
    { flags: "--partition <id>", help: "only with this partition", field: "partitionid" },
    { flags: "--rack <id>", help: "only with this rack", field: "rackid" },
    { flags: "--os-vendor <vendor>", help: "only with this os vendor", field: "osvendor" },
    { flags: "--os-version <version>", help: "only with this os version", field: "osversion" },
  ],
  deleteFlags: [{ flags: "--force", help: "although machines are connected to it", field: "force", kind: "flag" }],
  delete: (api, id, { force }) =>
    api.delete(`/v1/switch/${encodeURIComponent(id)}${force === true ? "?force=true" : ""}`),
  verbs: ["list", "describe", "update", "delete", "edit"],
};
