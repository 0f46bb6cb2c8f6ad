// How many machines of each size a partition has, and what they are doing (reference/api-resources.md 8.1). Pure.
import type { ServerCapacity } from "@metal-stack/api-schema";
import type { ReservationUse } from "../size-reservations/rules.ts";

export interface CountedMachine {
  readonly id: string;
  readonly partitionId: string;
  readonly sizeId: string;
  readonly allocated: boolean;
  /** Whoever asks for a machine may get it. */
  readonly available: boolean;
  readonly faulty: boolean;
  /** Its newest provisioning event. */
  readonly event: string | undefined;
}

/** A reservation in one partition. */
export interface CountedReservation extends ReservationUse {
  readonly partition_id: string;
  readonly size_id: string;
}

type Counter = {
  [Key in keyof ServerCapacity]-?: NonNullable<ServerCapacity[Key]> extends number ? Key : never;
}[keyof ServerCapacity];

/**
 * The capacity of partitions by size, both in order of id. What no machine is of does not appear.
 * @param projectId what is reserved for this project counts as free
 */
export function capacities(
  machines: readonly CountedMachine[],
  reservations: readonly CountedReservation[],
  projectId: string | undefined,
): Map<string, ServerCapacity[]> {
  const partitions = Map.groupBy(sortedBy(machines, "partitionId"), ({ partitionId }) => partitionId);
  return new Map(
    [...partitions].map(([partition, inside]) => {
      const sizes = Map.groupBy(sortedBy(inside, "sizeId"), ({ sizeId }) => sizeId);
      const servers = [...sizes].map(([size, ofSize]) => {
        const kept = reservations.filter((r) => r.partition_id === partition && r.size_id === size);
        return capacity(size, ofSize, kept, projectId);
      });
      return [partition, servers];
    }),
  );
}

function capacity(
  size: string,
  machines: readonly CountedMachine[],
  reservations: readonly CountedReservation[],
  projectId: string | undefined,
): ServerCapacity {
  const count = (which: (machine: CountedMachine) => boolean) => machines.filter(which).length;
  const ids = (which: (machine: CountedMachine) => boolean) => machines.filter(which).map(({ id }) => id);
  const sum = (amount: (reservation: CountedReservation) => number) =>
    reservations.reduce((total, reservation) => total + amount(reservation), 0);
  const other = ({ event }: CountedMachine) => event !== "Phoned Home" && event !== "Waiting";
  const faulty = ({ faulty }: CountedMachine) => faulty;
  const allocatable = count(({ allocated, available }) => !allocated && available);
  const keptFromProject = sum(({ project_id, amount, used }) => (project_id === projectId ? 0 : amount - used));
  const counters: Record<Counter, number> = {
    total: machines.length,
    phoned_home: count(({ event }) => event === "Phoned Home"),
    waiting: count(({ event }) => event === "Waiting"),
    other: count(other),
    allocated: count(({ allocated }) => allocated),
    allocatable,
    free: Math.max(0, allocatable - keptFromProject),
    unavailable: count(({ allocated, available }) => !allocated && !available),
    faulty: count(faulty),
    reservations: sum(({ amount }) => amount),
    usedreservations: sum(({ used }) => used),
    remainingreservations: sum(({ amount, used }) => amount - used),
  };
  const lists = { othermachines: ids(other), faultymachines: ids(faulty) };
  return {
    size,
    ...Object.fromEntries(Object.entries(counters).filter(([, number]) => number > 0)),
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
  };
}

function sortedBy(machines: readonly CountedMachine[], key: "partitionId" | "sizeId"): CountedMachine[] {
  return machines.toSorted((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0));
}
