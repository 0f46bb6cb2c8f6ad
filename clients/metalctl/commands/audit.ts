// `audit`: who did what (reference/platform-services.md 3.3).
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { truncate } from "../output/age.ts";
import { printing, render, type Column } from "../output/printer.ts";
import { column, field, type Doc, type Flag } from "../resources/resource.ts";
import { addFlags, requestFromFlags } from "./request.ts";

type Flags = GlobalFlags & Record<string, unknown>;

const DEFAULT_LIMIT = "100";
const BODY_SHOWN = 40;
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const text = (flag: string, name: string, help = "filter"): Flag => ({ flags: `--${flag} <value>`, help, field: name });

const FILTERS: readonly Flag[] = [
  { flags: "-q, --query <text>", help: "a part of the body", field: "body" },
  text("component", "component"),
  text("request-id", "rqid"),
  text("type", "type", "http, grpc or event"),
  text("user", "user"),
  text("tenant", "tenant"),
  text("detail", "detail", "HTTP method"),
  text("phase", "phase", "request, response or single"),
  text("path", "path", "a part of it"),
  text("forwarded-for", "forwarded_for", "a part of it"),
  text("remote-addr", "remote_addr", "a part of it"),
  text("error", "error", "a part of it"),
  text("machine", "machineid", "what was done to this machine"),
  { flags: "--status-code <code>", help: "filter", field: "status_code", kind: "number" },
];

const COLUMNS: readonly Column<Doc>[] = [
  column("Time", "timestamp"),
  column("Request ID", "rqid"),
  column("Component", "component"),
  column("Detail", "detail"),
  column("Path", "path"),
  column("Code", "status_code"),
  column("User", "user"),
  column("Tenant", "tenant", "wide"),
  { header: "Body", cell: (doc) => truncate(field("body")(doc), BODY_SHOWN), in: "wide" },
];

/** "1h" is an hour ago; anything else is a time. */
function timeOf(given: unknown): string | undefined {
  if (typeof given !== "string") return undefined;
  const ago = /^(\d+)([smhd])$/.exec(given);
  const time = ago ? Date.now() - Number(ago[1]) * UNITS[ago[2]!]! : Date.parse(given);
  if (Number.isNaN(time)) throw new Error(`"${given}" is neither a time nor a duration such as 1h`);
  return new Date(time).toISOString();
}

export function addAuditCommands(program: Command): void {
  const group = program.command("audit").description("who did what");
  addFlags(group.command("list").alias("ls").description("entries of the audit trail, newest first"), FILTERS)
    .option("--from <time>", "a time, or how long ago: 1h", "1h")
    .option("--to <time>", "a time, or how long ago")
    .option("--limit <number>", "the newest so many", DEFAULT_LIMIT)
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const [from, to] = [timeOf(flags["from"]), timeOf(flags["to"])];
      const entries = await apiClient(flags).post<Doc[]>("/v1/audit/find", {
        ...requestFromFlags(FILTERS, flags),
        ...(from && { from }),
        ...(to && { to }),
        limit: Number(flags["limit"]),
      });
      console.log(render(entries, COLUMNS, printing(flags)));
    });
  group
    .command("describe <request-id>")
    .alias("get")
    .description("one entry of the audit trail")
    .option("--phase <phase>", "request, response or single", "response")
    .action(async (rqid: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const query = { rqid, phase: flags["phase"], from: new Date(1).toISOString() };
      const [entry] = await apiClient(flags).post<Doc[]>("/v1/audit/find", query);
      if (!entry) throw new Error(`the audit trail has no ${String(flags["phase"])} of request "${rqid}"`);
      console.log(render([entry], COLUMNS, printing(flags, "yaml"), true));
    });
}
