// One run: a region, tenants who ask for things, and a fault again and again. After each the books must balance; now and
// then everybody pauses, and everything must come to rest.
import { setTimeout as sleep } from "node:timers/promises";
import type { MachineWhyResponse } from "@metal-stack/api-schema";
import { sql } from "kysely";
import type { System } from "../fleet/disk.ts";
import { FAULTS } from "./faults.ts";
import { breaches, freeMachines, olderTransactions, passTime, quarantinedByTwin, unrest } from "./invariants.ts";
import { Random } from "./random.ts";
import { Region } from "./region.ts";
import { Tenants } from "./tenants.ts";
import { truthOf, untrue } from "./whys.ts";

export interface RunPlan {
  /** One of {@link FAULTS}, or several in turn by chance. */
  readonly kinds: readonly string[];
  readonly strikes: number;
  readonly seed: number;
  readonly machines: number;
  readonly folder: string;
  /** Strikes between two pauses. */
  readonly restEvery: number;
  /** Ends the run after the strike that is under way. */
  readonly end?: AbortSignal;
  /** Called with every line of the history. */
  readonly tell?: (line: string) => void;
}

export interface RunReport {
  readonly strikes: number;
  /** Processes killed and power cut, machine by machine. */
  readonly kills: number;
  /** Strikes with such a request for a machine under way. */
  readonly amid: Readonly<Record<(typeof AMID)[number], number>>;
  readonly pauses: number;
  /** What had to wait for a deadline of minutes before a pause came to its end. */
  readonly waits: readonly string[];
  readonly longestRestMs: number;
  /** Machines that no deadline healed, so that an operator did what `why` advised. */
  readonly operated: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly lost: number;
  /** Times that a machine was switched on. */
  readonly boots: number;
  /** That PostgreSQL had to resolve, each after a second in which two waited for each other. */
  readonly deadlocks: readonly string[];
}

const AMID = ["allocate", "free", "reinstall"] as const;

/** Something that must never be was. The message tells what, the seed, and the end of the history. */
export class Broken extends Error {
  override readonly name = "Broken";
}

const ANSWER_PATIENCE_MS = 120_000;
const REST_PATIENCE_MS = 240_000;
/** When nothing has changed for this long, something waits for a deadline. */
const STILL_MS = 6_000;
const DENSE_STILL_MS = 2_500;
/** Longer than every deadline of a boot, an erase that is silent, and a BMC command. */
const PASSED_MINUTES = 11;
/** For requests that have to compile first what they need. */
const DENSE_PATIENCE_MS = 1_000;
const HISTORY_TOLD = 120;
/** How `why` begins its advice, and what an operator does then. */
const ADVICE = [
  ["boot it from the network", "pxe"],
  ["boot it from its disk", "disk"],
] as const;
/** How `why` begins what comes next, when nothing does. */
const NOBODY_ACTS = "nothing by itself";

export async function run(plan: RunPlan): Promise<RunReport> {
  const unknown = plan.kinds.filter((kind) => !FAULTS[kind]);
  if (unknown.length > 0)
    throw new Error(`no fault ${unknown.join(", ")}; known are ${Object.keys(FAULTS).join(", ")}`);
  const started = Date.now();
  const history: string[] = [];
  const say = (what: string) => {
    const line = `${String(Date.now() - started).padStart(7)} ${what}`;
    history.push(line);
    plan.tell?.(line);
  };
  const together = plan.kinds.some((kind) => FAULTS[kind]!.together);
  const kernelLeaves = plan.kinds.some((kind) => FAULTS[kind]!.kernelLeaves);
  const standby = plan.kinds.some((kind) => FAULTS[kind]!.dense);
  const { folder, machines } = plan;
  const region = await Region.start({ folder, machines, together, kernelLeaves, standby, say });
  try {
    return await new Run(plan, region, say).go();
  } catch (error) {
    const tail = history.slice(-HISTORY_TOLD).join("\n");
    const again = `npm run faults -- --kind ${plan.kinds.join(",")} --runs ${plan.strikes} --seed ${plan.seed} --machines ${plan.machines} --rest-every ${plan.restEvery}`;
    throw new Broken(`${(error as Error).message}\n\n${tail}\n\nagain: ${again}\nlogs: ${plan.folder}/logs`, {
      cause: error,
    });
  } finally {
    await region.close();
  }
}

class Run {
  readonly #plan: RunPlan;
  readonly #region: Region;
  readonly #random: Random;
  readonly #tenants: Tenants;
  readonly #say: (what: string) => void;
  readonly #dense: boolean;
  readonly #amid = { allocate: 0, free: 0, reinstall: 0 };
  #pauses = 0;
  readonly #waits: string[] = [];
  #longestRestMs = 0;
  #operated = 0;

  constructor(plan: RunPlan, region: Region, say: (what: string) => void) {
    this.#plan = plan;
    this.#region = region;
    this.#say = say;
    this.#random = new Random(plan.seed);
    this.#dense = plan.kinds.every((kind) => FAULTS[kind]!.dense);
    this.#tenants = new Tenants(() => region.api, region.fleet.machines, new Random(plan.seed + 1), say);
  }

  async go(): Promise<RunReport> {
    const { kinds, strikes, restEvery } = this.#plan;
    await this.#tenants.moveIn();
    await this.#rest();
    let struck = 0;
    while (struck < strikes && !this.#plan.end?.aborted) {
      struck += 1;
      const kind = this.#random.pick(kinds);
      this.#say(`── strike ${struck}: ${FAULTS[kind]!.what}`);
      const { often, dense = false, strike } = FAULTS[kind]!;
      const requests = this.#random.between(2, 6);
      this.#tenants.burst(requests, often);
      await (dense ? this.#amidAnswers(requests) : sleep(this.#moment()));
      for (const what of AMID)
        if (this.#tenants.asking.some((asked) => asked.startsWith(`${what} machine-`))) this.#amid[what] += 1;
      await strike(this.#region, this.#random, this.#say);
      await this.#check(dense);
      if (struck % restEvery === 0) await this.#rest();
    }
    if (struck % restEvery !== 0) await this.#rest();
    const boots = this.#region.fleet.machines.reduce((sum, machine) => sum + machine.boots, 0);
    return {
      strikes: struck,
      kills: this.#region.kills,
      amid: this.#amid,
      pauses: this.#pauses,
      waits: this.#waits,
      longestRestMs: this.#longestRestMs,
      operated: this.#operated,
      ...this.#tenants.tally,
      boots,
      deadlocks: this.#region.deadlocks,
    };
  }

  /** When a fault strikes, milliseconds after the requests: now and then at once, mostly in what follows from them. */
  #moment(): number {
    return this.#random.chance(0.3) ? this.#random.between(0, 100) : this.#random.between(100, 1_000);
  }

  /** Resolves when some requests are answered and others are not, and now and then when what follows from them goes on. */
  async #amidAnswers(requests: number): Promise<void> {
    const unanswered = this.#random.between(0, requests);
    for (const until = Date.now() + DENSE_PATIENCE_MS; Date.now() < until; await sleep(2))
      if (this.#tenants.asking.length <= unanswered) break;
    await sleep(this.#random.between(0, this.#random.chance(0.8) ? 20 : 300));
  }

  /** Everything that must hold at every moment. @param dense leaves out what takes a request a machine */
  async #check(dense = false): Promise<void> {
    const { db } = this.#region;
    await this.#tenants.settled();
    await this.#region.ready();
    const struck = await patiently(() => sql<{ now: Date }>`select now() as now`.execute(db));
    while ((await patiently(() => olderTransactions(db, struck.rows[0]!.now))) > 0) await sleep(20);
    const found = [
      ...(await patiently(() => this.#tenants.ledger.check(db))),
      ...(await patiently(() => this.#tenants.reinstalls.check(db))),
      ...(await patiently(() => breaches(db))),
      ...(await this.#marks()),
      ...(dense ? [] : await this.#unexplained()),
      ...[...this.#region.victims.values()].flatMap(({ name, crashes }) =>
        crashes.map((how) => `${name} ended by itself: ${how}`),
      ),
    ];
    if (found.length > 0) throw new Error(found.join("\n"));
    await this.#adopt();
  }

  /** What tenants own by the database's word. */
  async #adopt(): Promise<void> {
    const { rows } = await patiently(() =>
      sql<{ name: string; machine: string }>`select name, machine_id as machine from allocations`.execute(
        this.#region.db,
      ),
    );
    this.#tenants.adopt(rows);
  }

  /** Machines that anybody may get hold nobody's data: looked at between two looks at who they are. */
  async #marks(): Promise<string[]> {
    const before = await patiently(() => freeMachines(this.#region.db));
    const dirty = this.#region.fleet.machines.filter(({ uuid, disk }) => before.has(uuid) && disk.marks.size > 0);
    if (dirty.length === 0) return [];
    const after = await patiently(() => freeMachines(this.#region.db));
    return dirty
      .filter(({ uuid }) => after.has(uuid))
      .map(({ uuid, disk }) => `${uuid} may be allocated and holds data of ${[...disk.marks].join(", ")}`);
  }

  /** Nobody asks for anything: everything must reach its goal, if need be by deadlines. */
  async #rest(): Promise<void> {
    const { db } = this.#region;
    const began = Date.now();
    this.#say("── rest");
    let awaited = "";
    let passed = "";
    // Kills in a row leave many machines to their deadlines.
    if (this.#dense) await this.#hurry();
    for (let still = Date.now(); ; await sleep(50)) {
      const left = [...(await patiently(() => unrest(db))), ...this.#idle()];
      if (left.length === 0) break;
      const now = left.join("; ");
      if (now !== awaited) still = Date.now();
      awaited = now;
      if (Date.now() - began > REST_PATIENCE_MS)
        throw new Error(`does not come to rest: ${now}\n${await this.#whys()}`);
      if (Date.now() - still < (this.#dense ? DENSE_STILL_MS : STILL_MS)) continue;
      if (passed === now) await this.#operate();
      passed = now;
      this.#say(`${PASSED_MINUTES} minutes pass, because ${now}`);
      this.#waits.push(now);
      await patiently(() => passTime(db, PASSED_MINUTES));
      still = Date.now();
    }
    this.#pauses += 1;
    this.#longestRestMs = Math.max(this.#longestRestMs, Date.now() - began);
    await this.#check();
    const wrong = await this.#goals();
    if (wrong.length > 0) throw new Error(`at rest, but:\n${wrong.join("\n")}`);
  }

  /** Deadlines are over, and who presses the button of machines that have not arrived need not wait for them. */
  async #hurry(): Promise<void> {
    await patiently(() => passTime(this.#region.db, PASSED_MINUTES));
    const idle = this.#idle();
    for (const machine of this.#region.fleet.machines) {
      if (!idle.some((what) => what.startsWith(machine.uuid))) continue;
      machine.switchOff();
      machine.switchOn();
    }
  }

  /**
   * A tenant may order "boot from disk" while its machine is installed; when the hammer then cannot report, the machine
   * runs a system that counts as not installed; and one that hangs on its way into the installed system is not reset. Nobody
   * touches a tenant's machine by himself: an operator reads `why`. He also erases a machine again whose twin was believed
   * in the moment in which its own boot was expected: with the twin's disks it was no machine that was proven erased.
   */
  async #operate(): Promise<void> {
    const { api, fleet } = this.#region;
    for (const { uuid, running } of fleet.machines) {
      if (await patiently(() => quarantinedByTwin(this.#region.db, uuid))) {
        this.#say(`an operator erases ${uuid} again, because of its twin`);
        this.#operated += 1;
        await api.post(`/v1/machine/${uuid}/erase-retry`, { reason: "the twin is gone" });
        continue;
      }
      if (running.kind !== "os" && running.kind !== "hung") continue;
      const why = await patiently(() => api.get<MachineWhyResponse>(`/v1/machine/${uuid}/why`));
      if (running.kind === "hung" && !why.next?.startsWith(NOBODY_ACTS)) continue;
      const device = ADVICE.find(([advice]) => why.actions?.some((action) => action.startsWith(advice)))?.[1];
      if (!device) continue;
      this.#say(`an operator boots ${uuid} by ${device}, because it is ${why.state}`);
      this.#operated += 1;
      for (const command of [device, "cycle"]) await api.post(`/v1/machine/${uuid}/power/${command}`);
    }
  }

  /** Machines that were switched on and have not arrived where they stay. */
  #idle(): string[] {
    return this.#region.fleet.machines.flatMap(({ uuid, running }) => {
      const arrived = running.kind === "os" || (running.kind === "discovery" && running.phase === "waiting");
      return arrived ? [] : [`${uuid} runs ${running.kind}`];
    });
  }

  /** What machines do must be what the database says they do. */
  async #goals(): Promise<string[]> {
    const { rows } = await patiently(() =>
      sql<System & { machine: string }>`
        select machine_id as machine, uuid as allocation, image_id as image from allocations`.execute(this.#region.db),
    );
    const allocations = new Map(rows.map(({ machine, ...system }) => [machine, system]));
    return this.#region.fleet.machines.flatMap(({ uuid, running, disk }) => {
      const wanted = allocations.get(uuid);
      const marks = [...disk.marks].join(", ");
      if (wanted === undefined) return running.kind === "discovery" ? [] : [`${uuid} is free and runs ${running.kind}`];
      const { allocation, image } = wanted;
      const system = running.kind === "os" ? `${running.image} of ${running.allocation}` : running.kind;
      const runs = system === `${image} of ${allocation}` && marks === allocation;
      return runs ? [] : [`${uuid} is ${image} of ${allocation}, runs ${system}, and holds data of ${marks}`];
    });
  }

  /** Whatever state a machine is in, an operator reads what, since when, until when, and what comes next; and it is so. */
  async #unexplained(): Promise<string[]> {
    const found: string[] = [];
    for (const { uuid } of this.#region.fleet.machines) {
      const truth = () => patiently(() => truthOf(this.#region.db, uuid));
      const before = await truth();
      const why = await patiently(() => this.#region.api.get<MachineWhyResponse>(`/v1/machine/${uuid}/why`));
      const wrong = untrue(uuid, why, before, await truth());
      if (wrong.length > 0) found.push(`why of ${uuid}: ${wrong.join(", ")}: ${JSON.stringify(why)}`);
    }
    return found;
  }

  /** What an operator would read. */
  async #whys(): Promise<string> {
    const texts = this.#region.fleet.machines.map(async ({ uuid }) => {
      const why = await this.#region.api.get<MachineWhyResponse>(`/v1/machine/${uuid}/why`).catch(String);
      return `${uuid}: ${JSON.stringify(why)}`;
    });
    return (await Promise.all(texts)).join("\n");
  }
}

/** The database may be away for a moment. */
async function patiently<T>(query: () => Promise<T>): Promise<T> {
  const began = Date.now();
  for (;;) {
    try {
      return await query();
    } catch (error) {
      const { code } = error as { code?: string };
      // 42…: a mistake in the query, which no patience heals.
      if (code?.startsWith("42") || Date.now() - began > ANSWER_PATIENCE_MS) throw error;
      await sleep(100);
    }
  }
}
