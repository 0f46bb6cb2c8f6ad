import { randomUUID } from "node:crypto";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { agent } from "@metal-stack/protocol";
import type { Context } from "../context.ts";
import { transact } from "../database/transaction.ts";
import { notFound } from "../errors.ts";
import { peerKey } from "../grpc/peer.ts";
import type { GrpcModule } from "../grpc/server.ts";
import { wakeups } from "../grpc/wakeups.ts";
import { COMMAND_LIFETIME_SECONDS, commandDone } from "./commands.ts";
import { recordBmcReports } from "./reports.ts";
import type { BmcFacts } from "./rules.ts";
import { CLAIM_RENEWAL_MS, claimPartition, nextCommands, releasePartition, type StreamHolder } from "./stream.ts";

export const bmcModule: GrpcModule = (add, context) =>
  add(agent.BmcService, {
    commands: ({ partitionId }, call) => commands(context, partitionId, call),

    async commandDone({ commandId, error }, { values }) {
      const partition = values.get(peerKey).identity!.id;
      const known = await transact(context.db, (tx) => commandDone(tx, partition, commandId, error));
      if (!known) throw notFound("bmc command", commandId);
      return {};
    },

    async report({ partitionId, reports }) {
      const byMachine = new Map(reports.map((report) => [report.machineId.toLowerCase(), factsOf(report)]));
      return transact(context.db, (tx) => recordBmcReports(tx, partitionId, byMachine, context.clock()));
    },
  });

async function* commands(context: Context, partitionId: string, { signal, values }: HandlerContext) {
  const { db, notifications, log } = context;
  const me: StreamHolder = { partitionId, holder: randomUUID(), certificate: values.get(peerKey).serial };
  const sources = [{ topic: "bmc" as const, concerns: (id: string) => id === partitionId }];
  /** Ids and when they were sent; ones that must have ended by now are forgotten. */
  const sent = new Map<string, number>();
  try {
    for await (const why of wakeups(notifications, sources, CLAIM_RENEWAL_MS, signal)) {
      if (!(await claimPartition(db, me, why === "start")))
        throw new ConnectError(`another metal-bmc serves partition "${partitionId}"`, Code.Unavailable);
      for (const [id, time] of sent) if (Date.now() - time > COMMAND_LIFETIME_SECONDS * 2000) sent.delete(id);
      const before = sent.size;
      for (;;) {
        const next = await nextCommands(db, partitionId, [...sent.keys()]);
        if (next.length === 0) break;
        for (const { id, machine_id, command, address, user, password } of next) {
          sent.set(id, Date.now());
          log.info({ machine: machine_id, command, id }, "BMC command sent");
          yield { commandId: id, machineId: machine_id, command, address, user, password };
        }
      }
      // A sign of life.
      if (sent.size === before && why !== "change") yield {};
    }
  } finally {
    await releasePartition(db, me);
  }
}

function factsOf(report: agent.BmcReport): BmcFacts {
  const fru = report.fru;
  return {
    address: report.address,
    mac: report.mac,
    bmcVersion: report.bmcVersion,
    biosVersion: report.biosVersion,
    powerState: report.powerState,
    indicatorLed: report.indicatorLed,
    fru: fru
      ? {
          chassis_part_number: fru.chassisPartNumber,
          chassis_part_serial: fru.chassisPartSerial,
          board_mfg: fru.boardMfg,
          board_mfg_serial: fru.boardMfgSerial,
          board_part_number: fru.boardPartNumber,
          product_manufacturer: fru.productManufacturer,
          product_part_number: fru.productPartNumber,
          product_serial: fru.productSerial,
        }
      : {},
  };
}
