// What a switch must have to take over for another one (reference/api-resources.md 8.11, Replace and Migrate). Pure.
import { unprocessable } from "../errors.ts";
import { positionOf } from "./rules-port-names.ts";

interface Named {
  readonly name: string;
}

/**
 * The port of `to` for each port of `from`, by name: the same place on the front panel, whatever each system calls it. Throws
 * 422 when `to` has not all of them.
 */
export function counterparts<P extends Named>(
  from: readonly Named[],
  to: readonly P[],
  toName: string,
): ReadonlyMap<string, P> {
  const places = new Map(to.map((port) => [positionOf(port.name), port]));
  const missing = from.map(({ name }) => name).filter((name) => !places.has(positionOf(name)));
  if (missing.length > 0)
    throw unprocessable(
      `could not adopt existing nic configuration, err: new switch misses the nics [${missing.join(" ")}] - check the ` +
        `breakout configuration of the switch ports of switch ${toName}`,
    );
  return new Map(from.map(({ name }) => [name, places.get(positionOf(name))!]));
}

export interface RackSwitch {
  readonly id: string;
  readonly mode: string;
  readonly connected: boolean;
}

/** The other leaf of a rack, which has what the new one lost. Throws 422 when there is none or more than one. */
export function twinOf(
  replaced: { readonly id: string; readonly partitionId: string; readonly rackId: string },
  rack: readonly RackSwitch[],
): string {
  const twins = rack.filter(({ id, mode, connected }) => id !== replaced.id && mode !== "replace" && connected);
  const [twin, other] = twins;
  const refuse = (why: string) =>
    unprocessable(`could not determine twin brother for switch ${replaced.id}, err: ${why}`);
  if (!twin)
    throw refuse(
      `no twin brother found for switch ${replaced.id}, partition: ${replaced.partitionId}, rack: ${replaced.rackId}`,
    );
  if (other) throw refuse(`found multiple twin switches for ${replaced.id} (${twin.id} and ${other.id})`);
  return twin.id;
}
