// `audit`: who did what (reference/platform-services.md 3.2).
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { dateTime, truncate } from "../output/age.ts";
import { durationOf, isDuration } from "../output/duration.ts";
import { print, printing, render, type Column } from "../output/printer.ts";
import { oldestFirst, sortable, sortBy, type SortKeys } from "../output/sort.ts";
import { show, watchable } from "../output/watch.ts";
import { column, field, type Doc, type Flag } from "../resources/resource.ts";
import { addFlags, requestFromFlags } from "./request.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Record<string, unknown>;

const DEFAULT_LIMIT = "100";
const BODY_SHOWN = 40;
/** The end of what a Date can be (ECMA-262 section 21.4.1.1). */
const LAST_TIME_MS = 8.64e15;

const text = (flag: string, name: string, help = `only with this ${flag.replaceAll("-", " ")}`): Flag => ({
  flags: `--${flag} <value>`,
  help,
  field: name,
});

const FILTERS: readonly Flag[] = [
  { flags: "-q, --query <text>", help: "a part of the body", field: "body" },
  text("component", "component"),
  text("request-id", "rqid"),
  text("type", "type", "http, grpc or event"),
  text("user", "user"),
  text("tenant", "tenant"),
  text("detail", "detail", "HTTP method"),
  text("phase", "phase", "request, response, single, error, opened or closed"),
  text("path", "path", "a part of it"),
  text("forwarded-for", "forwarded_for", "a part of it"),
  text("remote-addr", "remote_addr", "a part of it"),
  text("error", "error", "a part of it"),
  text("machine", "machineid", "what was done to this machine"),
  { flags: "--status-code <code>", help: "only with this HTTP status", field: "status_code", kind: "number" },
];

const COLUMNS: readonly Column<Doc>[] = [
  { header: "Time", cell: (entry) => dateTime(field("timestamp")(entry)) },
  column("Request ID", "rqid"),
  column("Component", "component"),
  column("Detail", "detail"),
  column("Path", "path"),
  { header: "Code", cell: (entry) => field("status_code")(entry).replace(/^0$/, "") },
  column("User", "user"),
  column("Tenant", "tenant", "wide"),
  { header: "Body", cell: (doc) => truncate(field("body")(doc), BODY_SHOWN), in: "wide" },
];

const SORT_KEYS: SortKeys = { timestamp: oldestFirst("timestamp"), user: "user", tenant: "tenant", path: "path" };

/** "1h", "1h30m" and "7d" are so long ago; anything else is a time, UTC unless it says where. */
function timeOf(given: unknown): string | undefined {
  if (typeof given !== "string" || given === "") return undefined;
  const zone = /^\d{4}-\d\d-\d\d[ T][\d:.]+$/.test(given) ? "Z" : "";
  const time = isDuration(given) ? Date.now() - durationOf(given, "--from") : Date.parse(given + zone);
  if (!Number.isFinite(time) || Math.abs(time) > LAST_TIME_MS)
    throw new Error(`"${given}" is neither a time nor a duration such as 1h`);
  return new Date(time).toISOString();
}

/** A body in many lines, if it is JSON; the trail stores some bodies as JSON in a JSON text. */
function pretty(body: unknown): unknown {
  try {
    let value: unknown = JSON.parse(String(body));
    if (typeof value === "string") value = JSON.parse(value);
    return JSON.stringify(value, null, 4);
  } catch {
    return body;
  }
}

export function addAuditCommands(program: Command): void {
  const group = program.command("audit").description("who did what");
  const list = addFlags(
    examples(
      group.command("list").alias("ls").description("entries of the audit trail, newest first"),
      ["the last hour", ""],
      [
        "what somebody was refused on a day",
        "--user ann --from '2026-11-24 00:00:00' --to '2026-11-25 00:00:00' --status-code 403",
      ],
      ["what was done to a machine in the last week", "--machine $MACHINE --from 7d"],
    ),
    FILTERS,
  )
    .option("--from <time>", "a time, or how long ago: 1h", "1h")
    .option("--to <time>", "a time, or how long ago")
    .option("--limit <number>", "the newest so many", DEFAULT_LIMIT);
  watchable(sortable(list, SORT_KEYS)).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const limit = Number(flags["limit"]);
    if (!Number.isSafeInteger(limit) || limit < 1) throw new Error("--limit must be a number of 1 or more");
    await show(flags, async () => {
      const [from, to] = [timeOf(flags["from"]), timeOf(flags["to"])];
      const entries = await apiClient(flags).post<Doc[]>("/v1/audit/find", {
        ...requestFromFlags(FILTERS, flags),
        ...(from && { from }),
        ...(to && { to }),
        limit,
      });
      const sorted = sortBy(entries, flags["sortBy"], SORT_KEYS, "timestamp:desc");
      return render(sorted, COLUMNS, printing(flags));
    });
  });
  examples(
    group.command("describe <request-id>").alias("get").description("one entry of the audit trail"),
    ["with its body in many lines", "$REQUEST --prettify-body"],
    ["what was asked", "$REQUEST --phase request"],
  )
    .option("--phase <phase>", "request, response, single, error, opened or closed", "response")
    .option("--prettify-body", "show a body of JSON in many lines")
    .action(async (rqid: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const query = { rqid, phase: flags["phase"], from: new Date(1).toISOString() };
      const [entry] = await apiClient(flags).post<Doc[]>("/v1/audit/find", query);
      if (!entry) throw new Error(`the audit trail has no ${String(flags["phase"])} of request "${rqid}"`);
      const shown = flags["prettifyBody"] === true ? { ...entry, body: pretty(entry["body"]) } : entry;
      print(render([shown], COLUMNS, printing(flags, "yaml"), true));
    });
}
