// What a tenant's auditor can check of an erase, and what the database refuses whatever the code does.
import { createPublicKey, verify } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EraseRecordKey, MachineEraseRecord } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { ConfigurationError } from "@metal-stack/service";
import * as fc from "fast-check";
import { sql } from "kysely";
import type { Static } from "typebox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allocationRoutes } from "../allocation/routes.ts";
import type { DiskErase } from "../database/documents.ts";
import { transact } from "../database/transaction.ts";
import { machineEraseRoutes } from "../machines/routes-erase.ts";
import { machineRoutes } from "../machines/routes.ts";
import { buildFleet, type Fleet, HARDWARE, PROJECT, waitingMachine } from "../testing/fleet.ts";
import { proveErased } from "../testing/proof.ts";
import { refusal } from "../testing/refusal.ts";
import { createWorld, type World } from "../testing/world.ts";
import { reportErase } from "./erase-report.ts";
import { newRecordKey, readRecordKey, RecordSigner } from "./record-key.ts";

const GIB = 2 ** 30;
type Disk = { readonly name: string; readonly serial: string; readonly size: number };
const SDA = { name: "/dev/sda", size: 100 * GIB, serial: "S1" };
const SDB = { name: "/dev/sdb", size: 100 * GIB, serial: "S2" };

let world: World;
let fleet: Fleet;
let signer: RecordSigner;
beforeAll(async () => {
  world = await createWorld([machineRoutes, machineEraseRoutes, allocationRoutes]);
  fleet = await buildFleet(world.context.db, { machines: 0 });
  signer = new RecordSigner(newRecordKey());
});
afterAll(() => world.close());

function erased(different: Partial<DiskErase> = {}): DiskErase {
  return {
    ...SDA,
    model: "QEMU HARDDISK",
    method: "nvme-sanitize-crypto",
    started: "2026-11-23T10:00:00.000Z",
    finished: "2026-11-23T10:05:00.000Z",
    sectors_sampled: 18_192,
    sectors_not_zero: 0,
    sector_size: 512,
    verified: true,
    error: "",
    attempts: ["ata-secure-erase: frozen by the firmware, „ein Ümlaut“"],
    native_size: 100 * GIB,
    marks_proven: 16,
    ...different,
  };
}

const hardware = (...disks: object[]) => json({ ...HARDWARE, disks: disks as never });

/** A machine that waits for the report of job `<id>-job`. */
async function erasing(...disks: object[]): Promise<string> {
  const { db } = world.context;
  const id = await waitingMachine(db, { disks: "erasing", hardware: hardware(...disks) });
  await db
    .insertInto("releases")
    .values({ id: `${id}-job`, machine_id: id, phase: "erase" })
    .execute();
  await db.updateTable("machines").set({ hammer_version: "v1.2.3" }).where("id", "=", id).execute();
  return id;
}
const report = (id: string, ...disks: DiskErase[]) =>
  transact(world.context.db, (tx) => reportErase(tx, signer, id, `${id}-job`, disks));
const machine = (id: string) =>
  world.context.db.selectFrom("machines").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
const records = async (id: string) =>
  (await world.call<MachineEraseRecord[]>("view", "GET", `/v1/machine/${id}/erase-records`)).body;
const register = (id: string, ...disks: object[]) =>
  world.context.db
    .updateTable("machines")
    .set({ hardware: hardware(...disks) })
    .where("id", "=", id)
    .execute();
const allocate = (uuid: string) =>
  world.call("edit", "POST", "/v1/machine/allocate", {
    uuid,
    name: "web",
    projectid: PROJECT,
    imageid: "debian-12.0",
    networks: [{ networkid: fleet.network.id }],
  });

/** As docs/erase.md tells anybody to do it: nothing of metal-stack is used. */
function isSigned(record: object, keys: readonly { id: string; public_key: string }[]): boolean {
  const { signature, ...signed } = record as MachineEraseRecord;
  const sorted = (value: unknown): unknown =>
    Array.isArray(value) || typeof value !== "object" || value === null
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, member]) => [name, sorted(member)]),
        );
  const key = keys.find(({ id }) => id === signed.keyid);
  if (!key) return false;
  const text = Buffer.from(JSON.stringify(sorted(signed)));
  return verify(null, text, createPublicKey(key.public_key), Buffer.from(signature, "base64"));
}

describe("the records of an erase", () => {
  const keys = async () =>
    (await world.call<Static<typeof EraseRecordKey>[]>("view", "GET", "/v1/machine/erase-record-keys")).body;

  it("are one a disk, and verify with what REST answers alone", async () => {
    const id = await erasing(SDA, SDB);
    const verdict = await report(id, erased(), erased({ ...SDB, verified: false, error: "write error" }));
    expect(verdict).toMatchObject({ accepted: false, reason: "/dev/sdb: write error" });
    const found = await records(id);
    expect(found.map(({ disk, result, reason }) => [disk.serial, result, reason])).toEqual([
      ["S1", "erased", ""],
      ["S2", "refused", "/dev/sdb: write error"],
    ]);
    expect(found[0]).toEqual({
      format: "metal-stack erase record 1",
      id: expect.any(String) as string,
      machineid: id,
      occasion: "first registration",
      allocationuuid: "",
      jobid: `${id}-job`,
      disk: { ...SDA, model: "QEMU HARDDISK", nativesize: 100 * GIB },
      method: "nvme-sanitize-crypto",
      attempts: ["ata-secure-erase: frozen by the firmware, „ein Ümlaut“"],
      sectorsize: 512,
      sectorssampled: 18_192,
      sectorsnotzero: 0,
      marksproven: 16,
      result: "erased",
      reason: "",
      started: "2026-11-23T10:00:00.000Z",
      finished: "2026-11-23T10:05:00.000Z",
      recorded: expect.any(String) as string,
      hammerversion: "v1.2.3",
      keyid: signer.keyId,
      signature: expect.any(String) as string,
    });
    const known = await keys();
    expect(found.every((record) => isSigned(record, known))).toBe(true);
  });

  it("do not verify when any field was changed, added or left out", async () => {
    const id = await erasing(SDA);
    await report(id, erased());
    const [record] = await records(id);
    const known = await keys();
    for (const forged of forgeries(record!)) expect(isSigned(forged, known), JSON.stringify(forged)).toBe(false);
    expect(isSigned(record!, known)).toBe(true);
  });

  it("name the allocation that ended, and stay when the machine is forgotten and its disk replaced", async () => {
    const id = await erasing(SDA);
    await report(id, erased());
    const { body } = await allocate(id);
    const uuid = (body as unknown as { allocation: { allocationuuid: string } }).allocation.allocationuuid;
    await world.call("edit", "DELETE", `/v1/machine/${id}/free`);
    await transact(world.context.db, (tx) => reportErase(tx, signer, id, uuid, [erased()]));
    await register(id, SDB);
    await sql`update provisioning_states set last_event_time = now() - interval '1 hour' where machine_id = ${id}`.execute(
      world.context.db,
    );
    expect((await world.call("admin", "DELETE", `/v1/machine/${id}`)).status).toBe(200);
    expect((await records(id)).map(({ allocationuuid, disk }) => [allocationuuid, disk.serial])).toEqual([
      [uuid, "S1"],
      ["", "S1"],
    ]);
  });

  it("outlive their key: a new one signs, the old one is still told", async () => {
    const id = await erasing(SDA);
    const before = signer.keyId;
    await report(id, erased({ verified: false }));
    signer = new RecordSigner(newRecordKey());
    await world.context.db.updateTable("releases").set({ finished: null }).where("machine_id", "=", id).execute();
    await report(id, erased());
    const found = await records(id);
    expect(found.map(({ keyid }) => keyid)).toEqual([signer.keyId, before]);
    const known = await keys();
    expect(known[0]!.id).toBe(signer.keyId);
    expect(found.every((record) => isSigned(record, known))).toBe(true);
  });

  it.each(["erase_records", "erase_verdicts", "record_keys"] as const)(
    "of %s cannot be changed or removed",
    async (table) => {
      const { db } = world.context;
      const id = await erasing(SDA);
      await report(id, erased());
      await expect(sql`delete from ${sql.table(table)}`.execute(db)).rejects.toThrow("kept");
      await expect(sql`update ${sql.table(table)} set created = now()`.execute(db)).rejects.toThrow("kept");
      await expect(sql`truncate ${sql.table(table)} cascade`.execute(db)).rejects.toThrow("kept");
    },
  );

  /** The record with each of its fields changed in turn, one left out, and one too many. */
  function* forgeries(record: MachineEraseRecord): Generator<object> {
    const changed = (value: unknown): unknown => {
      if (typeof value === "number") return value + 1;
      if (Array.isArray(value)) return [...(value as unknown[]), "more"];
      return `${value as string}x`;
    };
    for (const [name, value] of Object.entries(record)) {
      if (name === "signature") continue;
      const { [name as "id"]: _, ...without } = record;
      yield without;
      if (name !== "disk") yield { ...record, [name]: changed(value) };
    }
    for (const [name, value] of Object.entries(record.disk))
      yield { ...record, disk: { ...record.disk, [name]: changed(value) } };
    yield { ...record, comment: "all is well" };
    yield { ...record, signature: Buffer.alloc(64).toString("base64") };
  }
});

describe("the key of the records", () => {
  it("is made once in a file that only its owner reads, or must be there", () => {
    const folder = mkdtempSync(join(tmpdir(), "metal-record-key-"));
    const file = join(folder, "key.pem");
    expect(() => readRecordKey(file, false)).toThrow(ConfigurationError);
    expect(() => readRecordKey(file, false)).toThrow("openssl genpkey -algorithm ed25519");
    const key = readRecordKey(file, true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readRecordKey(file, true).keyId).toBe(key.keyId);
    writeFileSync(file, "rubbish");
    expect(() => readRecordKey(file, true)).toThrow(ConfigurationError);
    rmSync(folder, { recursive: true });
  });
});

describe("a machine", () => {
  it.each<[string, object[], DiskErase[], string]>([
    ["that leaves a disk out", [SDA, SDB], [erased()], "/dev/sdb is not reported"],
    ["that tells a disk twice", [SDA], [erased(), erased()], "/dev/sda is reported twice"],
    [
      "that tells one disk under two names",
      [SDA, SDB],
      [erased(), erased({ name: "/dev/sdb" })],
      'serial "S1", not "S2"',
    ],
    ["that invents a disk", [SDA], [erased(), erased(SDB)], "/dev/sdb is a disk that the machine did not register"],
    ["that registered a disk under two numbers", [SDA, SDA], [erased()], "was not there when the disks were erased"],
  ])("%s is held back", async (_, registered, reported, reason) => {
    const id = await erasing(...registered);
    expect(await report(id, ...reported)).toMatchObject({
      accepted: false,
      reason: expect.stringContaining(reason) as string,
    });
    expect(await machine(id)).toMatchObject({
      disks: "quarantined",
      disks_reason: expect.stringContaining(reason) as string,
    });
    expect((await refusal(allocate(id)))[0]).toBe(422);
  });

  it.each<[string, object[], string | null]>([
    ["has the same disks", [SDA, SDB], null],
    [
      "has the same disks under other names",
      [
        { ...SDA, name: "/dev/sdb" },
        { ...SDB, name: "/dev/sda" },
      ],
      null,
    ],
    ["has a card reader without a card more", [SDA, SDB, { name: "/dev/sdc", size: 0 }], null],
    [
      "has a disk more",
      [SDA, SDB, { ...SDA, name: "/dev/sdc", serial: "S3" }],
      "/dev/sdc (serial S3) was not there when the disks were erased",
    ],
    ["has a twin of an erased disk", [SDA, SDB, { ...SDB, name: "/dev/sdc" }], "/dev/sdc (serial S2) was not there"],
    ["lost a disk", [SDA], "/dev/sdb (serial S2) is gone since the disks were erased"],
    [
      "has another disk in place of one",
      [SDA, { ...SDB, serial: "S9" }],
      "/dev/sdb (serial S9) was not there when the disks were erased; /dev/sdb (serial S2) is gone",
    ],
    ["has a disk that hides its serial now", [SDA, { name: "/dev/sdb", size: SDB.size }], "/dev/sdb was not there"],
    [
      "has a disk that grew",
      [SDA, { ...SDB, size: SDB.size + 512 }],
      "/dev/sdb (serial S2) is larger than what was erased",
    ],
  ])("that was erased and then %s", async (_, disks, objection) => {
    const id = await erasing(SDA, SDB);
    expect(await report(id, erased(), erased(SDB))).toMatchObject({ accepted: true });
    await register(id, ...disks);
    const now = await machine(id);
    if (objection === null) {
      expect(now).toMatchObject({ disks: "erased", disks_reason: "" });
      expect((await allocate(id)).status).toBe(200);
    } else {
      expect(now).toMatchObject({ disks: "quarantined", waiting_until: null });
      expect(now.disks_reason).toContain(`other disks than were erased: `);
      expect(now.disks_reason).toContain(objection);
      expect((await allocate(id)).status).toBe(422);
    }
  });

  it("whose namespaces share a serial is counted", async () => {
    const namespaces = [1, 2].map((n) => ({ name: `/dev/nvme0n${n}`, serial: "N", size: GIB * n }));
    const id = await erasing(...namespaces);
    expect(await report(id, ...namespaces.map((disk) => erased({ ...disk, native_size: 0 })))).toMatchObject({
      accepted: true,
    });
    await register(id, namespaces[1]!, { ...namespaces[0]!, size: 3 * GIB });
    expect((await machine(id)).disks_reason).toContain("larger than what was erased");
  });

  it("has the erased disks exactly when each can be told to be one of them, no bigger", async () => {
    const disk = fc.record({
      name: fc.constantFrom("/dev/sda", "/dev/sdb", "/dev/sdc"),
      serial: fc.constantFrom("", "A", "B"),
      size: fc.integer({ min: 1, max: 3 }),
    });
    const disks = fc.array(disk, { maxLength: 4 });
    const { db } = world.context;
    let count = 0;
    await fc.assert(
      fc.asyncProperty(disks, fc.oneof(disks, fc.constant("permuted" as const)), async (erased, given) => {
        const there = given === "permuted" ? erased.toReversed() : given;
        const id = `random-${++count}`;
        await db
          .insertInto("machines")
          .values({ id, hardware: hardware(...there) })
          .execute();
        const verdict = { release_id: "", accepted: true, waived_by: "test", disks: json(erased) };
        await db
          .insertInto("erase_verdicts")
          .values({ id, machine_id: id, ...verdict })
          .execute();
        const { objection } = await db
          .selectFrom("machines")
          .select(sql<string | null>`erase_objection(machines)`.as("objection"))
          .where("id", "=", id)
          .executeTakeFirstOrThrow();
        expect(objection === null, `${JSON.stringify({ erased, there })}: ${objection}`).toBe(paired(there, erased));
      }),
      { numRuns: 150 },
    );
  });

  /** Tries every pairing. */
  function paired(there: readonly Disk[], erased: readonly Disk[]): boolean {
    const [first, ...rest] = there;
    if (!first) return erased.length === 0;
    const known = (disk: Disk) => disk.serial || disk.name;
    return erased.some(
      (disk, index) =>
        known(disk) === known(first) && first.size <= disk.size && paired(rest, erased.toSpliced(index, 1)),
    );
  }

  it("without a proof newer than its last tenant cannot be made available or given away, by any statement", async () => {
    const { db } = world.context;
    const claim = (id: string) => db.updateTable("machines").set({ disks: "erased" }).where("id", "=", id).execute();
    const never = await erasing(SDA);
    await expect(claim(never)).rejects.toThrow("no erase is on record");
    await expect(
      db
        .insertInto("machines")
        .values({ id: `${never}x`, disks: "erased" })
        .execute(),
    ).rejects.toThrow("no erase is on record");
    const refused = await erasing(SDA);
    await report(refused, erased({ verified: false }));
    await expect(claim(refused)).rejects.toThrow("the newest erase was refused: /dev/sda is not verified");

    const used = await erasing(SDA);
    await report(used, erased());
    expect((await allocate(used)).status).toBe(200);
    await world.call("edit", "DELETE", `/v1/machine/${used}/free`);
    await expect(claim(used)).rejects.toThrow("older than the end of the last allocation");

    const unsigned = await erasing(SDA);
    await db
      .insertInto("erase_verdicts")
      .values({ id: `${unsigned}v`, machine_id: unsigned, release_id: "", accepted: true, disks: json([SDA]) })
      .execute();
    await expect(claim(unsigned)).rejects.toThrow("no signed record of a good erase");

    // The same look again when it is given away, should the trigger before ever be lost.
    await sql`alter table machines disable trigger guard_erased_update`.execute(db);
    await claim(unsigned);
    await sql`update machines set waiting_until = now() + interval '1 hour' where id = ${unsigned}`.execute(db);
    expect((await allocate(unsigned)).status).toBe(500);
    await sql`alter table machines enable trigger guard_erased_update`.execute(db);
    expect(await db.selectFrom("allocations").select("uuid").where("machine_id", "=", unsigned).execute()).toEqual([]);
  });

  it("that was forgotten and comes back is erased again", async () => {
    const { db } = world.context;
    const id = await waitingMachine(db);
    await db.updateTable("switch_ports").set({ machine_id: null }).where("machine_id", "=", id).execute();
    await db.deleteFrom("machines").where("id", "=", id).execute();
    await db
      .insertInto("machines")
      .values({ id, hardware: json(HARDWARE) })
      .execute();
    await expect(db.updateTable("machines").set({ disks: "erased" }).where("id", "=", id).execute()).rejects.toThrow(
      "older than",
    );
    await proveErased(db, id);
    expect(await machine(id)).toMatchObject({ disks: "erased" });
  });
});
