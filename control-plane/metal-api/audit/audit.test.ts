import type { AuditResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorld, type World } from "../testing/world.ts";
import { auditRoutes } from "./routes.ts";
import { redacted } from "./rules-redaction.ts";

describe("what goes on record", () => {
  it("has no secrets, however deep", () =>
    expect(
      redacted({
        reason: "why",
        password: "s",
        ipmi: [{ user: "metal", Password: "s" }],
        user_data: "s",
        vpn: { auth_key: "s", console_password: "s", token: null },
        ssh_pub_keys: ["ssh-ed25519 AAAA"],
        count: 1,
      }),
    ).toEqual({
      reason: "why",
      password: "<redacted>",
      ipmi: [{ user: "metal", Password: "<redacted>" }],
      user_data: "<redacted>",
      vpn: { auth_key: "<redacted>", console_password: "<redacted>", token: "<redacted>" },
      ssh_pub_keys: ["ssh-ed25519 AAAA"],
      count: 1,
    }));
});

describe("the audit trail", () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld([auditRoutes]);
    const entry = (minutes: number, user: string, path: string) => ({
      time: new Date(Date.now() - minutes * 60_000),
      rqid: `r${minutes}`,
      type: "http",
      user,
      tenant: "metal-stack",
      detail: "POST",
      phase: "response",
      path,
      body: json({ reason: `100% ${user}` }),
      status_code: 200,
    });
    await world.context.db
      .insertInto("audit")
      .values([entry(3000, "ann", "/old"), entry(20, "ann", "/v1/machine/a"), entry(10, "bob", "/v1/size")])
      .execute();
  });
  afterAll(() => world.close());
  const find = async (query: object) =>
    (await world.call<AuditResponse[]>("view", "POST", "/v1/audit/find", query)).body.map(({ rqid }) => rqid);

  it.each<[string, object, string[]]>([
    ["the last day, newest first", {}, ["r10", "r20"]],
    [
      "as a Go client asks",
      { from: "0001-01-01T00:00:00.000Z", to: "0001-01-01T00:00:00.000Z", user: "" },
      ["r10", "r20"],
    ],
    ["the newest", { limit: 1 }, ["r10"]],
    ["since long ago", { from: "2020-01-01T00:00:00Z" }, ["r10", "r20", "r3000"]],
    ["until then", { from: "2020-01-01T00:00:00Z", to: new Date(Date.now() - 1000 * 60_000).toISOString() }, ["r3000"]],
    ["what somebody did", { user: "ann" }, ["r20"]],
    ["by a part of the path", { path: "machine" }, ["r20"]],
    ["by the words of the body, literally", { body: "100% b" }, ["r10"]],
    ["by words in any order and case", { body: "ANN 100%" }, ["r20"]],
    ["by JSON as it was shown", { body: '"reason":"100%' }, ["r10", "r20"]],
    ["by words of which one is missing", { body: "ann 200%" }, []],
    ["by more words than anybody has", { body: "ann ".repeat(100_000) }, ["r20"]],
    ["by status", { status_code: 500 }, []],
    ["of a project, which v1 does not know", { project: "p" }, []],
  ])("tells %s", async (_, query, found) => expect(await find(query)).toEqual(found));

  it("is read by viewers, not by guests", async () =>
    expect((await world.call("guest", "POST", "/v1/audit/find", {})).status).toBe(403));

  it("cannot be rewritten", async () =>
    await expect(sql`update audit set "user" = 'eve'`.execute(world.context.db)).rejects.toThrow("kept"));
});
