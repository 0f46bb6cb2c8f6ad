// What a good erase leaves in the tables, for tests that are about something else.
import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import type { DiskErase } from "../database/documents.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { recordErase } from "../release/erase-report.ts";
import { newRecordKey, RecordSigner } from "../release/record-key.ts";
import { lockMachine } from "../release/store.ts";

const SIGNER = new RecordSigner(newRecordKey());
const SECTOR = 512;

/** A machine whose disks were all erased well just now, and that counts as such. */
export async function proveErased(db: Db, machineId: string): Promise<void> {
  await transact(db, async (tx) => {
    const machine = await lockMachine(tx, machineId);
    const disks = (machine!.hardware?.disks ?? []).map(goodErase);
    const { objection } = await recordErase(tx, SIGNER, machine!, randomUUID(), disks);
    if (objection !== "") throw new Error(objection);
    await tx
      .updateTable("machines")
      .set({ disks: "erased", disks_reason: "", disks_since: sql<Date>`now()` })
      .where("id", "=", machineId)
      .execute();
  });
}

function goodErase({
  name,
  serial = "",
  model = "",
  size,
}: {
  name: string;
  serial?: string;
  model?: string;
  size: number;
}): DiskErase {
  return {
    name,
    serial,
    model,
    size,
    method: "overwrite",
    sectors_sampled: Math.floor(size / SECTOR),
    sectors_not_zero: 0,
    sector_size: SECTOR,
    verified: true,
    error: "",
    attempts: [],
    native_size: size,
    marks_proven: 16,
  };
}
