// What can go wrong, each as a function that makes it so and heals it again.
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { LEAVES } from "../fleet/fleet.ts";
import type { WireState } from "../fleet/bmc.ts";
import type { Phase } from "../fleet/hammer.ts";
import type { LinkState } from "./link.ts";
import type { Random } from "./random.ts";
import type { Region } from "./region.ts";

interface Fault {
  readonly what: string;
  /** Resolves when it is over: killed and coming back, or healed. */
  strike(region: Region, random: Random, say: (what: string) => void): Promise<void>;
  /** Needs the control plane as one process. */
  readonly together?: true;
  /** Needs real metal-cores on leaves of network namespaces. */
  readonly kernelLeaves?: true;
  /** Takes minutes: not in the tests that everybody runs. */
  readonly long?: true;
  /** What tenants mostly, or only, ask for before it strikes. */
  readonly often?: "reinstall" | "machines";
  /** Strikes while requests are under way, as often as can be: the region is explained at its rests only. */
  readonly dense?: true;
}

const MINUTE_MS = 60_000;
/** What nobody but a reset brings a machine back from. */
const WORKING: ReadonlySet<Phase> = new Set(["erasing", "reporting erase", "installing", "reporting install"]);
const DURING_REINSTALL = ["metal-api", "postgres", "hammer", "pixiecore", "metal-bmc", "images-away"] as const;
const YEAR_MS = 365 * 24 * 3_600_000;

export const FAULTS: Readonly<Record<string, Fault>> = {
  "metal-api": killed("metal-api"),
  "metal-api-amid": {
    what: "metal-api is killed amid allocations, frees and reinstallations",
    often: "machines",
    dense: true,
    async strike(region) {
      region.kills += 1;
      await region.victims.get("metal-api")!.kill();
    },
  },
  "masterdata-api": killed("masterdata-api"),
  pixiecore: killed("pixiecore"),
  "metal-bmc": killed("metal-bmc"),
  "control-plane": { ...killed("control-plane"), together: true },

  postgres: {
    what: "PostgreSQL's postmaster is killed",
    async strike(region, _random, say) {
      const pid = region.postgres?.pid;
      if (pid === undefined) return;
      say(`kill PostgreSQL ${pid}`);
      region.kills += 1;
      process.kill(pid, "SIGKILL");
    },
  },

  "postgres-backend": {
    what: "a backend of PostgreSQL is killed, and with it all sessions",
    async strike(region, random, say) {
      const { rows } = await sql<{ pid: number }>`
        select pid from pg_stat_activity where backend_type = 'client backend' and datname = current_database()
          and pid <> pg_backend_pid()`.execute(region.db);
      if (rows.length === 0) return;
      const { pid } = random.pick(rows);
      say(`kill PostgreSQL's backend ${pid}`);
      region.kills += 1;
      process.kill(pid, "SIGKILL");
    },
  },

  hammer: {
    what: "machines lose their power, whatever they do",
    async strike(region, random, say) {
      for (const machine of random.some(region.fleet.machines, random.between(1, 4))) {
        region.kills += 1;
        const { running } = machine;
        say(`power cut ${machine.uuid.slice(-4)}, ${running.kind === "discovery" ? running.phase : running.kind}`);
        machine.switchOff();
        await sleep(random.between(0, 20));
        machine.switchOn();
      }
    },
  },

  "images-away": {
    what: "some machines cannot fetch images for a while",
    async strike({ fleet }, random, say) {
      const machines = random.some(fleet.machines, random.between(1, fleet.machines.length));
      const ms = random.between(300, 2_000);
      say(`no images for ${machines.map(({ uuid }) => uuid.slice(-4)).join(" ")} for ${ms} ms`);
      for (const machine of machines) machine.imagesThere = false;
      await sleep(ms);
      for (const machine of machines) machine.imagesThere = true;
    },
  },

  reinstall: {
    what: "machines are reinstalled while something else breaks",
    often: "reinstall",
    async strike(region, random, say) {
      const { strike } = FAULTS[random.pick(DURING_REINSTALL)]!;
      await strike(region, random, say);
    },
  },

  hang: {
    what: "a machine hangs while it is erased or installed; its power stays on",
    long: true,
    async strike({ fleet }, random, say) {
      const working = () =>
        fleet.machines.filter(({ running }) => running.kind === "discovery" && WORKING.has(running.phase));
      for (const until = Date.now() + 3_000; working().length === 0 && Date.now() < until;) await sleep(20);
      const busy = working();
      if (busy.length === 0) return say("nobody is erased or installed");
      random.pick(busy).hang();
    },
  },

  "hang-waiting": {
    what: "machines that nobody has hang; their power stays on",
    long: true,
    async strike({ fleet }, random) {
      const waiting = fleet.machines.filter(
        ({ running }) => running.kind === "discovery" && running.phase === "waiting",
      );
      for (const machine of random.some(waiting, random.between(1, 2))) machine.hang();
    },
  },

  "metal-core": {
    what: "a real metal-core is killed",
    kernelLeaves: true,
    strike: (region, random, say) => killed(`metal-core-${random.pick(LEAVES)}`).strike(region, random, say),
  },

  "metal-core-both": {
    what: "both metal-cores of a rack are killed at once",
    kernelLeaves: true,
    async strike(region, _random, say) {
      say("kill both metal-cores");
      region.kills += LEAVES.length;
      await Promise.all(LEAVES.map((leaf) => region.victims.get(`metal-core-${leaf}`)!.kill()));
    },
  },

  "leaf-away": {
    what: "the agent of a leaf is gone for a while; its ports stay as they are",
    async strike(region, random, say) {
      const { fleet } = region;
      const leaf = random.pick(fleet.leaves);
      region.kills += 1;
      say(`stop ${leaf.id}`);
      fleet.stopLeaf(leaf);
      await sleep(random.between(0, 300));
      fleet.startLeaf(leaf);
    },
  },

  "leaves-away": {
    what: "the agents of both leaves are gone at once for a while",
    async strike(region, random, say) {
      const { fleet } = region;
      say("stop both leaves");
      region.kills += fleet.leaves.length;
      for (const leaf of fleet.leaves) fleet.stopLeaf(leaf);
      await sleep(random.between(0, 500));
      for (const leaf of fleet.leaves) fleet.startLeaf(leaf);
    },
  },

  "partition-cut": wire("cut", 200, 1_500),
  "partition-silent": wire("silent", 200, 3_000),
  "partition-bad": wire("bad", 500, 2_500),
  "partition-cut-minutes": { ...wire("cut", 2 * MINUTE_MS, 5 * MINUTE_MS), long: true },
  "partition-silent-minutes": { ...wire("silent", 2 * MINUTE_MS, 5 * MINUTE_MS), long: true },
  "bmc-silent": bmc("silent", 200, 1_500),
  "bmc-slow": bmc("slow", 500, 2_500),
  "bmc-nonsense": bmc("nonsense", 200, 1_500),

  "dhcp-twice": {
    what: "every DHCP packet comes twice, and machines boot",
    async strike({ fleet }, random, say) {
      fleet.network.copies = 2;
      for (const machine of random.some(fleet.machines, 3)) {
        say(`restart ${machine.uuid.slice(-4)} with doubled packets`);
        machine.switchOff();
        machine.switchOn();
      }
      await sleep(random.between(100, 500));
      fleet.network.copies = 1;
    },
  },

  twin: {
    what: "another server with the uuid of a machine boots, while that one runs",
    async strike({ fleet }, random, say) {
      const machine = random.pick(fleet.machines);
      const power = new AbortController();
      say(`twin of ${machine.uuid.slice(-4)}, which is ${machine.running.kind}`);
      const twin = machine.bootTwin(power.signal).catch(() => undefined);
      await sleep(random.between(50, 800));
      power.abort();
      await twin;
    },
  },

  clock: {
    what: "clocks of machines jump by years, and they boot",
    async strike({ fleet }, random, say) {
      for (const machine of random.some(fleet.machines, 3)) {
        machine.clockOffsetMs = random.between(-20, 20) * YEAR_MS;
        say(`clock of ${machine.uuid.slice(-4)} is off by ${machine.clockOffsetMs / YEAR_MS} years`);
        machine.switchOff();
        machine.switchOn();
      }
    },
  },
};

/** Now and then once more while it starts, or has just started. */
function killed(name: string): Fault {
  return {
    what: `${name} is killed`,
    async strike(region, random, say) {
      for (let again = true; again; again = random.chance(0.4)) {
        say(`kill ${name}`);
        region.kills += 1;
        await region.victims.get(name)!.kill();
        await sleep(random.between(0, 1_000));
      }
    },
  };
}

function wire(state: LinkState, least: number, most: number): Fault {
  return {
    what: `the partition's link to the control plane is ${state} for a while`,
    async strike({ link }, random, say) {
      const ms = random.between(least, most);
      say(`link ${state} for ${ms} ms`);
      link.state = state;
      await sleep(ms);
      link.state = "open";
      say("link open");
    },
  };
}

function bmc(state: WireState, least: number, most: number): Fault {
  return {
    what: `some BMCs are ${state} for a while`,
    async strike({ fleet }, random, say) {
      const machines = random.some(fleet.machines, random.between(1, fleet.machines.length));
      const ms = random.between(least, most);
      say(`BMCs of ${machines.map(({ uuid }) => uuid.slice(-4)).join(" ")} ${state} for ${ms} ms`);
      for (const machine of machines) machine.bmc.wire = state;
      await sleep(ms);
      for (const machine of machines) machine.bmc.wire = "good";
    },
  };
}
