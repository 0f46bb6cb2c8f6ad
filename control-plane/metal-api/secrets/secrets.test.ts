// Secrets at rest: what the database holds, what its dump shows, and what happens to keys over the years.
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json, testDatabase } from "@metal-stack/database";
import { ConfigurationError, Environment, Secret } from "@metal-stack/service";
import * as fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loginsOf, openLogin } from "../bmc/logins.ts";
import { openConsolePassword } from "../boot/console-password.ts";
import { MIGRATIONS } from "../database/migrations.ts";
import type { Schema } from "../database/schema.ts";
import { allocate, createPartition, machineId, PARTITION } from "../testing/agents.ts";
import { readKeyring } from "./key-file.ts";
import { CannotOpen, Keyring } from "./keyring.ts";
import { openVpnKey } from "../vpn/sealing.ts";
import { SETTINGS } from "../settings.ts";
import { resealSecrets } from "./reseal.ts";

const OLD = Keyring.newKey();
const NEW = Keyring.newKey();

describe("a sealed secret", () => {
  it("opens for its owner only, and is never sealed twice alike", () => {
    const ring = Keyring.parse(OLD);
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.string(), fc.string(), (text, owner, other) => {
        const sealed = ring.seal(new Secret(text), owner);
        expect(sealed).not.toBe(ring.seal(new Secret(text), owner));
        expect(ring.open(sealed, owner).reveal()).toBe(text);
        if (other !== owner) expect(() => ring.open(sealed, other)).toThrow(CannotOpen);
      }),
    );
  });

  it("that was changed, cut or made up does not open", () => {
    const ring = Keyring.parse(OLD);
    const sealed = ring.seal(new Secret("s3cret"), "bmc:1");
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
      // The last character of base64 carries bits that stand for nothing.
      if (at < sealed.length - 1) expect(() => ring.open(changed, "bmc:1")).toThrow(CannotOpen);
      expect(() => ring.open(sealed.slice(0, at), "bmc:1")).toThrow(CannotOpen);
    }
    expect(() => ring.open("s3cret", "bmc:1")).toThrow(CannotOpen);
  });

  it("is sealed with the newest key, and older keys still open", () => {
    const [old, both, fresh] = [Keyring.parse(OLD), Keyring.parse(`# keys\n${OLD}\n${NEW}`), Keyring.parse(NEW)];
    const before = old.seal(new Secret("a"), "x");
    const after = both.seal(new Secret("b"), "x");
    expect(both.open(before, "x").reveal()).toBe("a");
    expect([both.isCurrent(before), both.isCurrent(after)]).toEqual([false, true]);
    expect(fresh.open(after, "x").reveal()).toBe("b");
    expect(() => fresh.open(before, "x")).toThrow(/sealed with key [0-9a-f]{8}, which is not in the key file/);
  });
});

describe("the key file", () => {
  const folder = mkdtempSync(join(tmpdir(), "keys-"));
  const file = join(folder, "keys");
  const warnings: string[] = [];
  const log = { warn: (_: object, text: string) => void warnings.push(text), info: () => undefined } as never;
  const read = (settings: Record<string, string>) => readKeyring(new Environment(SETTINGS, settings), log);
  afterAll(() => rmSync(folder, { recursive: true }));

  it("must be there in production; the error says what to do", () => {
    expect(() => read({})).toThrow(/METAL_API_SECRETS_KEY_FILE is not set.*head -c 32/);
    expect(() => read({ METAL_API_SECRETS_KEY_FILE: file })).toThrow(ConfigurationError);
    expect(existsSync(file)).toBe(false);
  });

  it("is made beside an embedded database, once, readable by nobody else", () => {
    const settings = { METAL_API_EMBEDDED_POSTGRES_DIR: join(folder, "postgres") };
    const sealed = read(settings).seal(new Secret("a"), "x");
    expect(statSync(join(folder, "postgres.keys")).mode & 0o777).toBe(0o600);
    expect(read(settings).open(sealed, "x").reveal()).toBe("a");
    expect(warnings).toEqual([]);
  });

  it("with something else in it is refused without showing it; loose permissions are told", () => {
    writeFileSync(file, `${OLD}not-a-key-but-perhaps-a-password\n`);
    chmodSync(file, 0o644);
    expect(() => read({ METAL_API_SECRETS_KEY_FILE: file })).toThrow(/line 2 is not a key/);
    expect(() => read({ METAL_API_SECRETS_KEY_FILE: file })).not.toThrow(/perhaps-a-password/);
    expect(warnings).toContain("the key file can be read by others: chmod 600");
  });
});

describe("at start-up", () => {
  let database: Awaited<ReturnType<typeof testDatabase<Schema>>>;
  const [M1, M2] = [machineId(1), machineId(2)];

  beforeAll(async () => {
    database = await testDatabase<Schema>(MIGRATIONS);
    const world = { context: { db: database.db } } as never;
    await createPartition(world);
    // As versions before stored it.
    const ipmi = JSON.stringify({ address: "10.0.0.1:623", user: "metal", password: "clear-bmc-password" });
    const none = JSON.stringify({ address: "10.0.0.2:623", user: "", password: "" });
    await sql`insert into machines (id, partition_id, ipmi) values
      (${M1}, ${PARTITION}, ${ipmi}::jsonb), (${M2}, ${PARTITION}, ${none}::jsonb)`.execute(database.db);
    await allocate(world, M1);
    const vpn = json({ address: "https://vpn", auth_key: "clear-vpn-key", connected: true });
    await database.db.updateTable("allocations").set({ console_password: "clear-console-password", vpn }).execute();
  });
  afterAll(() => database.drop());

  const allocation = () => database.db.selectFrom("allocations").selectAll().executeTakeFirstOrThrow();
  const password = async (ring: Keyring) => openLogin(ring, (await loginsOf(database.db, M1))[0]!).password.reveal();

  const vpnKey = async (ring: Keyring) => {
    const { uuid, vpn } = await allocation();
    return openVpnKey(ring, uuid, vpn!).reveal();
  };

  it("what stands in the clear is sealed, and a dump of all tables shows none of it", async () => {
    expect(await everything(database.db)).toMatch(/clear-bmc-password[^]*clear-console|clear-console[^]*clear-bmc/);
    const ring = Keyring.parse(OLD);
    expect(await resealSecrets(database.db, ring)).toBe(4);
    expect(await resealSecrets(database.db, ring)).toBe(0);
    expect(await everything(database.db)).not.toMatch(/clear-bmc|clear-console|clear-vpn/);
    expect(await password(ring)).toBe("clear-bmc-password");
    expect((await loginsOf(database.db, M1))[0]).toMatchObject({ user_name: "metal", accepted: expect.any(Date) });
    expect(openConsolePassword(ring, await allocation()).reveal()).toBe("clear-console-password");
    expect(await vpnKey(ring)).toBe("clear-vpn-key");
    expect(await loginsOf(database.db, M2)).toEqual([]);
  });

  it("what an older key sealed is sealed anew; then the older key may go", async () => {
    expect(await resealSecrets(database.db, Keyring.parse(OLD + NEW))).toBe(3);
    const ring = Keyring.parse(NEW);
    expect(await resealSecrets(database.db, ring)).toBe(0);
    expect(await password(ring)).toBe("clear-bmc-password");
    expect(await vpnKey(ring)).toBe("clear-vpn-key");
  });

  it("a key that is missing is noticed, not the day its password is needed", async () => {
    await expect(resealSecrets(database.db, Keyring.parse(OLD))).rejects.toThrow(/key [0-9a-f]{8}, which is not in/);
  });

  it("a password cannot be moved to another machine in the database", async () => {
    await database.db.updateTable("bmc_logins").set({ machine_id: M2 }).execute();
    await expect(resealSecrets(database.db, Keyring.parse(NEW))).rejects.toThrow("belongs to another owner");
    await database.db.updateTable("bmc_logins").set({ machine_id: M1 }).execute();
  });

  it("an unsealed password is refused by the database itself", async () => {
    const row = { id: randomUUID(), machine_id: M2, user_name: "metal", password: "in the clear" };
    await expect(database.db.insertInto("bmc_logins").values(row).execute()).rejects.toThrow(/violates check/);
  });
});

/** All rows of all tables, as a dump shows them. */
async function everything(db: Awaited<ReturnType<typeof testDatabase<Schema>>>["db"]): Promise<string> {
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`.execute(db);
  let dump = "";
  for (const { name } of tables) {
    const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.raw(name)} t`.execute(db);
    dump += rows.map(({ row }) => row).join("\n");
  }
  return dump;
}
