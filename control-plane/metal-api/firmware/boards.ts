import { sql } from "kysely";
import type { Db } from "../database/schema.ts";

/** Whether any machine has this board. */
export async function boardExists(
  db: Db,
  board: { readonly vendor: string; readonly board: string },
): Promise<boolean> {
  const found = await db
    .selectFrom("machines")
    .select("id")
    .where(sql<string>`lower(ipmi -> 'fru' ->> 'board_mfg')`, "=", board.vendor.toLowerCase())
    .where(sql<string>`upper(ipmi -> 'fru' ->> 'board_part_number')`, "=", board.board.toUpperCase())
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}
