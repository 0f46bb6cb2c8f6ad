// What is said when no machine can be had: in a sentence, and machine by machine.
import { sql } from "kysely";
import type { Tx } from "../database/schema.ts";
import { ApiError } from "../errors.ts";
import {
  type AvailabilityFacts,
  type AvailabilityGroup,
  explainAbsence,
  obstacles,
} from "../machines/rules-availability.ts";
import { heardLately } from "../machines/store.ts";
import type { Specification } from "./specification.ts";

/** 422 with a reason for each candidate, in addition to what the original answers. */
export class AllocationRefusal extends ApiError {
  readonly reasons: readonly string[];
  /** Reasons may name projects and machines of others. */
  readonly toMembers: string;

  constructor(message: string, reasons: readonly string[], toMembers = message) {
    super(422, message);
    this.reasons = reasons;
    this.toMembers = toMembers;
  }
}

/** The refusal when the only candidate does not fit. */
export function unfit(machineId: string, message: string, reason: string): AllocationRefusal {
  return new AllocationRefusal(message, [`machine ${machineId}: ${reason}`]);
}

const TO_MEMBERS = "no machine available: those of this size here are taken, kept for others, or not ready";

/** So many machines are named to somebody who gets none. */
const MAX_REASONS = 100;

const TAKEN = "just being allocated to somebody else";

type Wanted = Pick<Specification, "partitionId" | "sizeId">;

interface Candidate extends AvailabilityFacts {
  readonly id: string;
}

/**
 * The refusal when no machine of the size in the partition can be allocated.
 * @param kept said when machines could be allocated, but all of them are reserved
 */
export async function noMachine(tx: Tx, wanted: Wanted, kept?: string): Promise<AllocationRefusal> {
  const groups = await groupsOf(tx, wanted);
  const candidates = await candidatesOf(tx, wanted);
  const reasons = candidates.map((candidate) => {
    const found = obstacles(candidate);
    return `machine ${candidate.id}: ${found.length > 0 ? found.join(", ") : (kept ?? TAKEN)}`;
  });
  const more = groups.reduce((sum, { count }) => sum + count, 0) - candidates.length;
  if (more > 0) reasons.push(`and ${more} more machines`);
  const what = kept ?? explainAbsence(wanted.sizeId, wanted.partitionId, groups);
  return new AllocationRefusal(`no machine available: ${what}`, reasons, TO_MEMBERS);
}

async function groupsOf(tx: Tx, wanted: Wanted): Promise<AvailabilityGroup[]> {
  const { rows } = await sql<AvailabilityGroup>`
    select count(*) as count, allocated, state, disks, waiting, alive from (${facts(wanted)}) as candidates
    group by allocated, state, disks, waiting, alive`.execute(tx);
  return rows;
}

/** Those first that lack least. */
async function candidatesOf(tx: Tx, wanted: Wanted): Promise<Candidate[]> {
  const { rows } = await sql<Candidate>`
    select * from (${facts(wanted)}) as candidates
    order by allocated, disks <> 'erased', state <> '', waiting and alive desc, id limit ${MAX_REASONS}`.execute(tx);
  return rows;
}

const facts = ({ partitionId, sizeId }: Wanted) => sql`
  select machines.id, allocations.uuid is not null as allocated, state_value as state, disks,
    coalesce(waiting_until > now(), false) as waiting, ${heardLately} as alive
  from machines
    left join allocations on allocations.machine_id = machines.id
  where partition_id = ${partitionId} and size_id = ${sizeId}`;
