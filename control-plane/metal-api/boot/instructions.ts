// The stream that tells a discovery image what to do. Level-triggered: every wake-up reads the database and sends what is
// wanted now, so a lost notification, a new replica or a reconnect changes nothing but the time it takes.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { agent } from "@metal-stack/protocol";
import type { Context } from "../context.ts";
import { transact } from "../database/transaction.ts";
import { notFound } from "../errors.ts";
import { wakeups } from "../grpc/wakeups.ts";
import { beginErase, ensureErase } from "../release/commands.ts";
import { SAMPLE_SECTORS } from "../release/rules-verdict.ts";
import { decideInstruction, isVouchedFor } from "./rules.ts";
import { installOf } from "./rules-install.ts";
import { clearWaiting, factsOf, installationOf, renewWaiting } from "./store.ts";

/** A waiting machine renews its place in the pool this often … */
const RENEWAL_MS = 10_000;
/** … and loses it after this time without renewal, when its replica or itself is gone. */
const WAITING_MS = 30_000;
/** The same instruction is repeated as a sign of life. */
const REPEAT_MS = 20_000;

type Instruction = NonNullable<
  Exclude<MessageInitShape<typeof agent.InstructionSchema>, agent.Instruction>["instruction"]
>;

interface Wanted {
  /** Equal keys are the same instruction. */
  readonly key: string;
  readonly instruction: Instruction;
}

export async function* instructions(context: Context, machineId: string, signal: AbortSignal) {
  const { notifications, log } = context;
  const sources = (["machine", "release"] as const).map((topic) => ({
    topic,
    concerns: (id: string) => id === machineId,
  }));
  let told: Wanted | undefined;
  let toldAt = 0;
  for await (const _ of wakeups(notifications, sources, RENEWAL_MS, signal)) {
    const wanted = await wantedNow(context, machineId, told);
    const repeat = Date.now() - toldAt >= REPEAT_MS - RENEWAL_MS / 2;
    if (wanted.key === told?.key && !repeat) continue;
    if (wanted.key !== told?.key) log.info({ machine: machineId, instruction: wanted.key }, "instruction");
    told = wanted;
    toldAt = Date.now();
    yield { instruction: wanted.instruction };
  }
}

async function wantedNow(context: Context, machineId: string, told: Wanted | undefined): Promise<Wanted> {
  const { db, clock, config, keyring } = context;
  for (;;) {
    const state = await factsOf(db, machineId);
    if (!state) throw notFound("machine", machineId);
    const decision = decideInstruction(state.facts, config.bmcRequired);
    if (decision.kind !== "wait") await clearWaiting(db, machineId);
    switch (decision.kind) {
      case "reboot":
        // The hammer on this stream has just installed it and is about to boot it.
        if (told?.key.startsWith(`install ${state.allocationUuid} `)) return told;
        return { key: "reboot", instruction: { case: "reboot", value: { reason: decision.reason } } };
      case "install": {
        const key = `install ${state.allocationUuid} ${state.imageId}`;
        if (told?.key === key) return told;
        const order = await installationOf(db, machineId);
        // Freed between the two reads.
        if (!order) continue;
        return { key, instruction: { case: "install", value: installOf(order, keyring) } };
      }
      case "erase": {
        if (state.release && told?.key === `erase ${state.release.id}`) return told;
        const jobId = await openErase(context, machineId);
        if (jobId === undefined) continue;
        return {
          key: `erase ${jobId}`,
          instruction: { case: "erase", value: { jobId, sampleSectors: SAMPLE_SECTORS } },
        };
      }
      case "wait": {
        const { allocatable, reason } = decision;
        if (!isVouchedFor(state.facts, config.bmcRequired)) await clearWaiting(db, machineId);
        else if (state.facts.disks === "erased") {
          const stays = await renewWaiting(db, machineId, new Date(clock().getTime() + WAITING_MS));
          if (!stays) continue;
        }
        return { key: `wait ${allocatable} ${reason}`, instruction: { case: "wait", value: { allocatable, reason } } };
      }
    }
  }
}

/** The job of the erase that begins now; undefined when something else is wanted by now. */
async function openErase({ db, clock }: Context, machineId: string): Promise<string | undefined> {
  return transact(db, async (tx) => {
    const release = await ensureErase(tx, machineId, clock());
    if (release) await beginErase(tx, machineId, clock());
    return release?.id;
  });
}
