// Keeps machines and headscale's nodes in step. It compares what is with what should be, so nothing is lost when headscale or
// metal-api is away, and several replicas may do it.
import { setTimeout as sleep } from "node:timers/promises";
import { notify } from "@metal-stack/database";
import { sql } from "kysely";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { Headscale, type VpnNode } from "./headscale.ts";

/** As the original's cron job. */
const LOOK_EVERY_MS = 60_000;

/** Shows which firewalls are connected, and takes nodes of machines out of projects that these have left. */
export async function syncVpn({ db, log }: Pick<Context, "db" | "log">, headscale: Headscale): Promise<void> {
  const nodes = Map.groupBy(await headscale.nodes(), ({ name }) => name.toLowerCase());
  for (const { id, uuid, project_id: project, vpn } of await machinesNamed(db, [...nodes.keys()])) {
    const own: VpnNode[] = [];
    for (const node of nodes.get(id) ?? []) {
      if (node.user === project || node.user === "") own.push(node);
      else {
        await headscale.deleteNode(node.id);
        log.info({ machine: id, project: node.user, node: node.id }, "took a machine out of the VPN that it left");
      }
    }
    const connected = own.some(({ online }) => online);
    if (uuid === null || !vpn || vpn.connected === connected || own.length === 0) continue;
    await transact(db, async (tx) => {
      await tx
        .updateTable("allocations")
        .set({ vpn: sql`jsonb_set(vpn, '{connected}', to_jsonb(${connected}::boolean))` })
        .where("uuid", "=", uuid)
        .where("vpn", "is not", null)
        .execute();
      await notify(tx, "machine", id);
    });
  }
}

async function machinesNamed(db: Db, ids: readonly string[]) {
  if (ids.length === 0) return [];
  return db
    .selectFrom("machines as m")
    .leftJoin("allocations as a", "a.machine_id", "m.id")
    .select(["m.id", "a.uuid", "a.project_id", "a.vpn"])
    .where(sql<boolean>`m.id = any(${ids})`)
    .execute();
}

/** Runs until the signal aborts; does nothing without headscale. */
export async function runVpnWorker(context: Context, signal: AbortSignal): Promise<void> {
  const { config, log } = context;
  if (!config.headscale) return;
  const headscale = new Headscale(config.headscale);
  while (!signal.aborted) {
    await syncVpn(context, headscale).catch((error: Error) =>
      log.warn({ reason: error.message }, "cannot compare machines with the VPN's nodes, trying again"),
    );
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
