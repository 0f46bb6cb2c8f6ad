// A region of real processes on loopback, with simulated machines: everything of it can be killed, cut and slowed down.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "@metal-stack/sdk";
import { type EmbeddedPostgres, openDatabase } from "@metal-stack/database";
import type { Kysely } from "kysely";
import type { Fleet } from "../fleet/fleet.ts";
import { seed } from "./catalogue.ts";
import type { Link } from "./link.ts";
import { Parts, type RegionPlan } from "./parts.ts";
import type { Victim } from "./victim.ts";

/** A request is a loopback away; one that takes longer waits for something that does not come. */
const REST_TIMEOUT_MS = 60_000;

/** Detail, hint, context and statement. */
const DEADLOCK_LINES = 24;

export class Region {
  readonly fleet: Fleet;
  /** By name; "control-plane" when together. */
  readonly victims: ReadonlyMap<string, Victim>;
  /** Between all agents and metal-api. */
  readonly link: Link;
  readonly db: Kysely<unknown>;
  readonly #parts: Parts;

  private constructor(parts: Parts, db: Kysely<unknown>) {
    this.#parts = parts;
    this.fleet = parts.fleet!;
    this.victims = parts.victims;
    this.link = parts.link;
    this.db = db;
  }

  static async start(plan: RegionPlan): Promise<Region> {
    const parts = await Parts.make(plan);
    try {
      await parts.start();
      const region = new Region(parts, openDatabase<unknown>(parts.databaseUrl, { maxConnections: 4 }));
      await seed(region.api, parts.filesUrl);
      await parts.startMetalCores();
      for (const leaf of region.fleet.leaves) region.fleet.startLeaf(leaf);
      for (const machine of region.fleet.machines) machine.switchOn();
      return region;
    } catch (error) {
      await parts.close();
      throw error;
    }
  }

  /** Where metal-api's REST is now, and the administrator's key. */
  get access(): { readonly url: string; readonly key: string } {
    const { restPort, credentials } = this.#parts;
    return { url: `http://127.0.0.1:${restPort}/metal`, key: credentials.hmac.admin };
  }

  get api(): Client {
    const { url, key } = this.access;
    const hmac = { type: "Metal-Admin", key };
    // Who asks is told what was lost: trying again is part of what is tested.
    return createClient({ url, hmac, timeout: REST_TIMEOUT_MS, retries: 0 });
  }

  /** Undefined when nobody of us holds it. */
  get postgres(): EmbeddedPostgres | undefined {
    return this.#parts.postgres;
  }

  /** Processes killed, power cuts included. */
  kills = 0;

  /** What PostgreSQL's log tells of each: who waited for whom, with which statement. */
  get deadlocks(): string[] {
    const [, ...told] = readFileSync(join(this.#parts.plan.folder, "postgres", "log"), "utf8").split(
      "deadlock detected",
    );
    return told.map((text) => text.split("\n").slice(1, DEADLOCK_LINES).join("\n"));
  }

  /** Resolves when every process serves. */
  async ready(): Promise<void> {
    for (const victim of this.victims.values()) await victim.ready();
  }

  async close(): Promise<void> {
    await this.db.destroy();
    await this.#parts.close();
  }
}
