// Reads what is known of machines beside their own row: releases, erase records, BMC commands, switches.
import type { MachineJob } from "@metal-stack/api-schema";
import { sql } from "kysely";
import type { AllocationRow } from "../allocation/store.ts";
import { openRotation, openRotationsOf, type RotationRow } from "../bmc/rotation.ts";
import type { Db } from "../database/schema.ts";
import type { IssueSubject, SwitchFact } from "../provisioning/issues/index.ts";
import { liveliness } from "../provisioning/rules.ts";
import { eventsOf } from "../provisioning/store.ts";
import { reservedForOthers } from "../size-reservations/rules.ts";
import { reservationUsage } from "../size-reservations/store.ts";
import { rescuePlan } from "../rescue/rules.ts";
import { rescueFacts } from "../rescue/store.ts";
import type { WhyFacts } from "./rules-why-facts.ts";
import { available, machineById, type MachineRow } from "./store.ts";

/** As many as anybody reads. */
const JOBS_SHOWN = 50;

/** What of a machine its issues are found by. */
export type IssueMachine = Pick<MachineRow, "id" | "partition_id" | "ipmi" | "disks" | "disks_reason"> & {
  readonly allocation: Pick<AllocationRow, "role" | "networks"> | null;
};

/** Everything that `why` concludes from. Throws 404. */
export async function whyFacts(db: Db, id: string, now: Date): Promise<WhyFacts> {
  const machine = await machineById(db, id);
  const [containers, releases, switches, rotation, rescue, commands] = await Promise.all([
    eventsOf(db, [id], 1),
    openReleasesOf(db, [id]),
    switchesOf(db, [id]),
    openRotation(db, id),
    rescueFacts(db, id),
    db
      .selectFrom("bmc_commands")
      .selectAll()
      .where("machine_id", "=", id)
      .orderBy("sequence", "desc")
      .limit(5)
      .execute(),
  ]);
  const container = containers.get(id);
  const release = releases.get(id);
  const reservedFor = machine.allocation ? null : await reservedForProjects(db, machine);
  return {
    id,
    created: machine.created,
    partitionId: machine.partition_id ?? "",
    registered: machine.hardware !== null,
    state: { value: machine.state_value, description: machine.state_description, issuer: machine.state_issuer },
    disks: { state: machine.disks, reason: machine.disks_reason, since: machine.disks_since },
    waitingUntil: machine.waiting_until,
    reservedFor,
    liveliness: liveliness(container, machine.allocation !== null, now),
    container,
    allocation: machine.allocation && {
      projectId: machine.allocation.project_id,
      imageId: machine.allocation.image_id,
      created: machine.allocation.created,
      installed: machine.allocation.installed,
      succeeded: machine.allocation.succeeded,
      reinstall: machine.allocation.reinstall,
    },
    rescue: rescue ? rescuePlan(rescue) : null,
    bmc: {
      ...bmcOf(machine),
      rotation: rotation
        ? { since: rotation.since, attempts: rotation.attempts, lastError: rotation.last_error }
        : null,
    },
    release: release
      ? {
          phase: release.phase,
          reason: release.reason,
          attempts: release.attempts,
          lastError: release.last_error,
          since: release.since,
          deadline: release.deadline,
          nextTry: release.next_try,
          progress: release.progress,
        }
      : null,
    switches: (switches.get(id) ?? []).map((leaf) => ({
      id: leaf.id,
      behind: leaf.applied_generation < leaf.generation,
      lastError: failing(leaf) ? (leaf.last_sync_error?.error ?? "") : "",
    })),
    commands: commands.map(({ command, created, sent, done, error }) => ({ command, created, sent, done, error })),
  };
}

/** What somebody is told who has reserved nothing; null when he would get a machine like this one. */
async function reservedForProjects(db: Db, { partition_id, size_id }: MachineRow): Promise<string | null> {
  if (partition_id === null) return null;
  const reservations = await reservationUsage(db, { partitionid: partition_id, sizeid: size_id });
  if (reservations.length === 0) return null;
  const { count } = await db
    .selectFrom("machines")
    .leftJoin("provisioning_states", "provisioning_states.machine_id", "machines.id")
    .select((from) => from.fn.countAll<number>().as("count"))
    .where("partition_id", "=", partition_id)
    .where("size_id", "=", size_id)
    .where(available)
    .executeTakeFirstOrThrow();
  return count === 0 ? null : (reservedForOthers("", count, reservations) ?? null);
}

function bmcOf({ ipmi }: Pick<MachineRow, "ipmi">) {
  return { address: ipmi?.address ?? "", lastUpdated: ipmi?.last_updated ? new Date(ipmi.last_updated) : null };
}

function rotationOf(row: RotationRow | undefined): IssueSubject["bmc"]["rotation"] {
  return row && { reason: row.reason, attempts: row.attempts, lastError: row.last_error, since: row.since };
}

/** Machines as the rules of provisioning/issues see them, in a fixed number of queries. */
export async function issueSubjects(db: Db, machines: readonly IssueMachine[], now: Date): Promise<IssueSubject[]> {
  const ids = machines.map(({ id }) => id);
  const [containers, releases, switches, proven, rotations] = await Promise.all([
    eventsOf(db, ids, 1),
    openReleasesOf(db, ids),
    switchesOf(db, ids),
    provenErased(db, ids),
    openRotationsOf(db, ids),
  ]);
  return machines.map((machine): IssueSubject => {
    const container = containers.get(machine.id);
    const release = releases.get(machine.id);
    const { allocation, ipmi } = machine;
    return {
      id: machine.id,
      partitionId: machine.partition_id ?? "",
      liveliness: liveliness(container, allocation !== null, now),
      container,
      allocation: allocation && { role: allocation.role, asns: allocation.networks.map(({ asn }) => asn) },
      bmc: { ...bmcOf(machine), mac: ipmi?.mac ?? "", rotation: rotationOf(rotations.get(machine.id)) },
      disks: machine.disks,
      disksReason: machine.disks_reason,
      release: release
        ? {
            phase: release.phase,
            reason: release.reason,
            attempts: release.attempts,
            lastError: release.last_error,
            created: release.created,
          }
        : null,
      eraseProven: proven.has(machine.id),
      switches: (switches.get(machine.id) ?? []).map(({ id, last_sync, last_sync_error }): SwitchFact => ({
        id,
        lastSync: last_sync && new Date(last_sync.time),
        lastSyncError: last_sync_error && {
          time: new Date(last_sync_error.time),
          error: last_sync_error.error ?? "",
        },
      })),
    };
  });
}

/** What was and is done to the machine, newest first. Throws 404. */
export async function jobsOf(db: Db, id: string): Promise<MachineJob[]> {
  await machineById(db, id);
  const [releases, commands] = await Promise.all([
    db
      .selectFrom("releases")
      .selectAll()
      .where("machine_id", "=", id)
      .orderBy("created", "desc")
      .limit(JOBS_SHOWN)
      .execute(),
    db
      .selectFrom("bmc_commands")
      .selectAll()
      .where("machine_id", "=", id)
      .orderBy("sequence", "desc")
      .limit(JOBS_SHOWN)
      .execute(),
  ]);
  const jobs = [
    ...releases.map((release): MachineJob => ({
      id: release.id,
      kind: "release",
      phase: release.phase,
      requestedby: release.requested_by,
      attempts: release.attempts,
      reason: release.reason,
      ...(release.last_error !== "" && { lasterror: release.last_error }),
      ...times({ nexttry: release.next_try, deadline: release.deadline, finished: release.finished }),
      created: release.created.toISOString(),
    })),
    ...commands.map((command): MachineJob => ({
      id: command.id,
      kind: `bmc:${command.command}`,
      phase: commandPhase(command),
      requestedby: command.requested_by,
      attempts: command.attempts,
      ...(command.error !== null && { lasterror: command.error }),
      ...times({ deadline: command.expires, finished: command.done }),
      created: command.created.toISOString(),
    })),
  ];
  return jobs.sort((one, other) => other.created.localeCompare(one.created)).slice(0, JOBS_SHOWN);
}

function commandPhase({ sent, done, error }: { sent: Date | null; done: Date | null; error: string | null }): string {
  if (error !== null) return "failed";
  if (done) return "done";
  return sent ? "sent" : "queued";
}

function times<Key extends string>(dates: Readonly<Record<Key, Date | null>>): Partial<Record<Key, string>> {
  const known = Object.entries<Date | null>(dates).flatMap(([key, date]) => (date ? [[key, date.toISOString()]] : []));
  return Object.fromEntries(known) as Partial<Record<Key, string>>;
}

function among(ids: readonly string[]) {
  return sql<string>`any(${ids}::text[])`;
}

async function openReleasesOf(db: Db, ids: readonly string[]) {
  const releases = await db
    .selectFrom("releases")
    .selectAll()
    .where("machine_id", "=", among(ids))
    .where("finished", "is", null)
    .execute();
  return new Map(releases.map((release) => [release.machine_id, release]));
}

async function switchesOf(db: Db, ids: readonly string[]) {
  const rows = await db
    .selectFrom("switch_ports")
    .innerJoin("switches", "switches.id", "switch_ports.switch_id")
    .select([
      "switch_ports.machine_id",
      "switches.id",
      "generation",
      "applied_generation",
      "last_sync",
      "last_sync_error",
    ])
    .distinctOn(["switch_ports.machine_id", "switches.id"])
    .where("switch_ports.machine_id", "=", among(ids))
    .orderBy("switch_ports.machine_id")
    .orderBy("switches.id")
    .execute();
  return Map.groupBy(rows, (row) => row.machine_id);
}

/** The machines whose newest erase was accepted, and not only waived. */
async function provenErased(db: Db, ids: readonly string[]): Promise<Set<string>> {
  const newest = await db
    .selectFrom("erase_verdicts")
    .select(["machine_id", "accepted", "waived_by"])
    .distinctOn("machine_id")
    .where("machine_id", "=", among(ids))
    .orderBy("machine_id")
    .orderBy("created", "desc")
    .execute();
  return new Set(
    newest.filter(({ accepted, waived_by }) => accepted && waived_by === null).map(({ machine_id }) => machine_id),
  );
}

function failing(leaf: { last_sync: { time: string } | null; last_sync_error: { time: string } | null }): boolean {
  return leaf.last_sync_error !== null && (leaf.last_sync === null || leaf.last_sync_error.time > leaf.last_sync.time);
}
