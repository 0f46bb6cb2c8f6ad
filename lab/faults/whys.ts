// Whether what `why` tells of a machine is true: held against the tables, read before and after it was asked.
import type { MachineWhyResponse } from "@metal-stack/api-schema";
import { type Kysely, sql } from "kysely";

/** What a machine's rows say, as far as a state of `why` commits to it. */
interface Truth {
  readonly allocated: boolean;
  /** The phase of its open release. */
  readonly release: string | null;
  readonly disks: string;
  readonly installed: boolean;
  readonly succeeded: boolean;
  readonly reinstall: boolean;
}

/** State → what must be so. Those of machines that nobody has and nobody takes back need no row here. */
const CLAIMS: readonly (readonly [states: RegExp, claim: string, holds: (truth: Truth) => boolean])[] = [
  [/^(install|reinstall|in-use|starting|never-phoned)/, "it is allocated", ({ allocated }) => allocated],
  [/^(release-|eras)/, "it is being taken back", ({ release }) => release !== null],
  [/^quarantined/, "its disks are in quarantine", ({ disks }) => disks === "quarantined"],
  [/^waiting/, "it is erased and nobody has it", ({ disks, allocated }) => disks === "erased" && !allocated],
  [/^install/, "it is to be installed", ({ installed, reinstall }) => !installed || reinstall],
  [/^reinstall/, "it is to be reinstalled", ({ reinstall }) => reinstall],
  [/^(starting|never-phoned)/, "it is installed, not heard of", (truth) => truth.installed && !truth.succeeded],
  [/^in-use$/, "it runs its tenant's system", (truth) => truth.installed && truth.succeeded && !truth.reinstall],
  [/^eras/, "its disks are being erased", ({ release }) => release === "erase"],
];

export async function truthOf(db: Kysely<unknown>, machineId: string): Promise<Truth | undefined> {
  const { rows } = await sql<Truth>`
    select a.uuid is not null as allocated, r.phase as release, m.disks, a.installed is not null as installed,
      coalesce(a.succeeded, false) as succeeded, coalesce(a.reinstall, false) as reinstall
    from machines m left join allocations a on a.machine_id = m.id
    left join releases r on r.machine_id = m.id and r.finished is null where m.id = ${machineId}`.execute(db);
  return rows[0];
}

/** What of an answer is not so; empty when something changed while it was given. */
export function untrue(
  machineId: string,
  why: MachineWhyResponse,
  before: Truth | undefined,
  after: Truth | undefined,
): string[] {
  const { state, doing, since, deadline, next, actions } = why as Partial<MachineWhyResponse>;
  if (!state || !doing || !since || !deadline || !next || !actions || actions.length === 0) return ["it is not whole"];
  const wrong: string[] = [];
  if (new Date(deadline) < new Date(since)) wrong.push("its deadline is before its since");
  if (new Date(since).getTime() > Date.now() + CLOCK_MS) wrong.push("its since is in the future");
  const stale = actions.filter((action) => action.includes("metalctl") && !action.includes(machineId));
  wrong.push(...stale.map((action) => `"${action}" does not name the machine`));
  if (!before || !after || JSON.stringify(before) !== JSON.stringify(after)) return wrong;
  for (const [states, claim, holds] of CLAIMS)
    if (states.test(state) && !holds(after)) wrong.push(`it is not so that ${claim}`);
  return wrong;
}

/** Two processes on one clock, which is corrected now and then. */
const CLOCK_MS = 2_000;
