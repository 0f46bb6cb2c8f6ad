import { randomUUID } from "node:crypto";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { agent } from "@metal-stack/protocol";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { notFound } from "../errors.ts";
import { peerKey } from "../grpc/peer.ts";
import type { GrpcModule } from "../grpc/server.ts";
import { wakeups } from "../grpc/wakeups.ts";
import { COMMAND_LIFETIME_SECONDS, commandDone, commandStarted } from "./commands.ts";
import { acceptLogin, type LoginRow, loginsToTry, openLogin } from "./logins.ts";
import { recordBmcReports } from "./reports.ts";
import { loginAccepted, rotationFailed, wantedLogin } from "./rotation.ts";
import { type BmcFacts, fruOf } from "./rules.ts";
import { CLAIM_RENEWAL_MS, claimPartition, nextCommands, releasePartition, type StreamHolder } from "./stream.ts";

export const bmcModule: GrpcModule = (add, context) =>
  add(agent.BmcService, {
    commands: ({ partitionId }, call) => commands(context, partitionId, call),

    commandStarted: ({ commandId }, { values }) =>
      commandStarted(context.db, values.get(peerKey).identity!.id, commandId),

    async commandDone(answer, { values }) {
      await transact(context.db, (tx) => settle(tx, values.get(peerKey).identity!.id, answer, context.clock()));
      return {};
    },

    async report({ partitionId, reports }) {
      const byMachine = new Map(reports.map((report) => [report.machineId.toLowerCase(), factsOf(report)]));
      return recordBmcReports(context, partitionId, byMachine, context.clock());
    },
  });

/** What the discovery image asks about the BMC of its machine. */
export const bmcLoginModule: GrpcModule = (add, context) =>
  add(agent.BmcLoginService, {
    async wanted({ machineId }) {
      const { id, user, password } = await wantedLogin(context, machineId);
      return { login: { id, user, password: password.reveal() } };
    },
  });

async function settle(tx: Db, partition: string, answer: agent.CommandDoneRequest, now: Date): Promise<void> {
  const { commandId, error, loginId } = answer;
  const answered = await commandDone(tx, partition, commandId, error);
  if (!answered) throw notFound("bmc command", commandId);
  if (answered === "known") return;
  const { machine_id: machine, login_id: wanted } = answered;
  if (loginId !== "" && (await acceptLogin(tx, machine, loginId))) await loginAccepted(tx, machine, loginId, now);
  if (wanted && answered.error) await rotationFailed(tx, machine, wanted, answered.error, now);
}

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
        const logins = await loginsToTry(
          db,
          next.map(({ machine_id }) => machine_id),
        );
        for (const { id, machine_id, command, address, login_id, firmware } of next) {
          sent.set(id, Date.now());
          log.info({ machine: machine_id, command, id }, "BMC command sent");
          yield {
            commandId: id,
            machineId: machine_id,
            command,
            address,
            ...(firmware && { firmwareUpdate: firmware }),
            ...revealed(context, logins.get(machine_id) ?? [], login_id),
          };
        }
      }
      // A sign of life.
      if (sent.size === before && why !== "change") yield {};
    }
  } finally {
    await releasePartition(db, me);
  }
}

/** The logins for one command, in the clear: the only way on which they leave metal-api towards a partition. */
function revealed({ keyring, log }: Context, rows: readonly LoginRow[], wantedId: string | null) {
  const logins = rows.flatMap((row) => {
    try {
      const { id, user, password } = openLogin(keyring, row);
      return [{ id, user, password: password.reveal() }];
    } catch (error) {
      // Without it the agent's discovery login may still do; silence would hide a missing key.
      log.error({ machine: row.machine_id, reason: (error as Error).message }, "cannot open a BMC's password");
      return [];
    }
  });
  const wanted = logins.find(({ id }) => id === wantedId);
  const [first] = logins;
  return { logins, user: first?.user ?? "", password: first?.password ?? "", ...(wanted && { wanted }) };
}

function factsOf(report: agent.BmcReport): BmcFacts {
  const { address, mac, bmcVersion, biosVersion, powerState, indicatorLed } = report;
  return { address, mac, bmcVersion, biosVersion, powerState, indicatorLed, fru: fruOf(report.fru) };
}
