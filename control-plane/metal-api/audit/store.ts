// Who did what, when, to which machine. Written in the transaction of the deed: what is not on record did not happen.
import type { AuditFindRequest, AuditResponse } from "@metal-stack/api-schema";
import { Readable } from "node:stream";
import { json } from "@metal-stack/database";
import type { FastifyRequest } from "fastify";
import { type RawBuilder, type Selectable, sql } from "kysely";
import type { Db, Schema, Tx } from "../database/schema.ts";
import { withoutLoneSurrogates } from "../rest/rules-json.ts";
import { redacted } from "./rules-redaction.ts";

/** More text than anybody reads; user agents and proxies can send anything. */
const MAX_TEXT = 1000;
/** Every escape of JSON, to find those of NUL. */
const NUL = /\\(?:u0000|.)/gs;
const NUL_ESCAPE = "\\u0000";
/** Of a body, in characters of JSON. */
const MAX_BODY = 16 * 1024;
const DAY_MS = 24 * 3_600_000;
const MAX_FOUND = 10_000;

/** Puts a request that is being fulfilled on record. @param machineId empty when it is about no machine */
export async function auditRequest(tx: Tx, request: FastifyRequest, machineId: string): Promise<void> {
  // The transaction commits as a whole, and then the answer is 200.
  await recordRequest(tx, request, { phase: "response", machineId, body: request.body, statusCode: 200 });
  request.onRecord = true;
}

/** What is said of one request at one time. */
interface Entry {
  readonly phase: "request" | "response";
  readonly machineId: string;
  /** JSON, a text, or what is no document and is left out. */
  readonly body: unknown;
  readonly statusCode?: number;
  readonly error?: string;
}

export async function recordRequest(db: Db, request: FastifyRequest, entry: Entry): Promise<void> {
  const { user, method, id: rqid, url, ip } = request;
  const forwarded = request.headers["x-forwarded-for"];
  await db
    .insertInto("audit")
    .values({
      rqid: clean(rqid),
      type: "http",
      user: clean(user.email || (user.subject ?? "")),
      tenant: clean(user.tenant),
      detail: method,
      phase: entry.phase,
      status_code: entry.statusCode ?? 0,
      path: clean(url.split("?", 1)[0]!),
      forwarded_for: clean(Array.isArray(forwarded) ? forwarded.join() : (forwarded ?? "")),
      remote_addr: ip,
      machine_id: clean(entry.machineId),
      body: json(document(entry.body)),
      error: clean(entry.error ?? ""),
    })
    .execute();
}

/** What of a body is kept: no secrets, no streams, no more than anybody reads, and no text that PostgreSQL refuses. */
function document(body: unknown): unknown {
  if (body === undefined || body instanceof Readable) return null;
  const text = withoutLoneSurrogates(JSON.stringify(redacted(body))).replaceAll(NUL, (escape) =>
    escape === NUL_ESCAPE ? "" : escape,
  );
  return text.length <= MAX_BODY ? (JSON.parse(text) as unknown) : { truncated: printable(text.slice(0, MAX_BODY)) };
}

function clean(text: string): string {
  return printable(text.slice(0, MAX_TEXT));
}

function printable(text: string): string {
  return text.replaceAll("\0", "").toWellFormed();
}

/** Forgets what is older. @returns how many entries */
export async function forgetAudit(db: Db, before: Date): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom("audit").where("time", "<", before).executeTakeFirst();
  return Number(numDeletedRows);
}

const EXACT = ["component", "rqid", "type", "user", "tenant", "detail", "phase"] as const;
const PART = ["path", "forwarded_for", "remote_addr"] as const;

/** What matches, newest first (the original: oldest first, although its contract says otherwise). */
export async function findAudit(db: Db, query: AuditFindRequest, now: Date): Promise<AuditResponse[]> {
  const { limit = 0, machineid, status_code, body, project } = query;
  // A trail of v1 knows no projects; nothing is of one.
  if (project) return [];
  let find = db
    .selectFrom("audit")
    .selectAll()
    .where("time", ">=", dateOf(query.from) ?? new Date(now.getTime() - DAY_MS))
    .orderBy("id", "desc")
    .limit(limit > 0 ? Math.min(limit, MAX_FOUND) : MAX_FOUND);
  const until = dateOf(query.to);
  if (until) find = find.where("time", "<=", until);
  if (machineid) find = find.where("machine_id", "=", machineid);
  if (status_code) find = find.where("status_code", "=", status_code);
  if (body) find = find.where(hasWords(sql`body::text`, body));
  if (query.error) find = find.where(hasWords(sql.ref("error"), query.error));
  for (const column of EXACT) if (query[column]) find = find.where(column, "=", query[column]);
  for (const column of PART)
    if (query[column]) find = find.where(sql<boolean>`position(${query[column]} in ${sql.ref(column)}) > 0`);
  return (await find.execute()).map(auditResponse);
}

/** Whether all words are there, wherever and in any case. PostgreSQL writes JSON with a blank behind colons, we without. */
function hasWords(text: RawBuilder<unknown>, wanted: string): RawBuilder<boolean> {
  const words = wanted.split(/\s+/).map((word) => word.replaceAll('":', '": ').toLowerCase());
  return sql<boolean>`not exists (
    select from unnest(${words}::text[]) word where position(word in lower(${text})) = 0)`;
}

/** Go clients send the year 1 for a time that is not set. */
function dateOf(text: string | undefined): Date | undefined {
  const time = Date.parse(text ?? "");
  return time > 0 ? new Date(time) : undefined;
}

function auditResponse({ time, body, machine_id: machineid, ...entry }: Selectable<Schema["audit"]>): AuditResponse {
  const { component, rqid, type, user, tenant, detail, phase, path, forwarded_for, remote_addr, error } = entry;
  return {
    component,
    rqid,
    type,
    timestamp: time.toISOString(),
    user,
    tenant,
    detail,
    phase,
    path,
    forwarded_for,
    remote_addr,
    body: body === null ? "" : JSON.stringify(body),
    status_code: entry.status_code,
    error,
    machineid,
  };
}
