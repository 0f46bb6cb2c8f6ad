// What a reinstallation must keep, and what it must bring: the allocation with its addresses and numbers is the same for as
// long as it lives, and its image is the one that was promised last.
import { type Kysely, sql } from "kysely";
import type { SimulatedMachine } from "../fleet/machine.ts";

interface Row {
  readonly name: string;
  readonly machine: string;
  readonly image: string;
  /** What its disk holds by the hammer's word. */
  readonly installed: string | null;
  readonly reinstall: boolean;
  readonly kept: string;
}

export class Reinstalls {
  readonly #machines: readonly SimulatedMachine[];
  /** By name of the allocation: what must not change. */
  readonly #kept = new Map<string, string>();
  /** By name of the allocation: every image that it may be meant to have. */
  readonly #images = new Map<string, Set<string>>();

  constructor(machines: readonly SimulatedMachine[]) {
    this.#machines = machines;
  }

  /** Nobody knows yet whether this is to be its image. */
  asked(name: string, image: string): void {
    this.#imagesOf(name).add(image);
  }

  acknowledged(name: string, image: string): void {
    this.#images.set(name, new Set([image]));
  }

  refused(name: string, before: string | undefined): void {
    if (before) this.#images.set(name, new Set([before]));
  }

  /** The image that it has for certain. */
  imageOf(name: string): string | undefined {
    const images = this.#images.get(name);
    return images?.size === 1 ? [...images][0] : undefined;
  }

  /** Nothing may be under way. Answers what was promised and is not so, and learns what became of requests without an answer. */
  async check(db: Kysely<unknown>): Promise<string[]> {
    const { rows } = await sql<Row>`
      select name, machine_id as machine, image_id as image, boot_info ->> 'image_id' as installed, reinstall,
        jsonb_build_array(uuid, machine_id, project_id, asn, networks)::text as kept
      from allocations`.execute(db);
    const broken: string[] = [];
    for (const row of rows) {
      const kept = this.#kept.get(row.name) ?? row.kept;
      if (kept !== row.kept) broken.push(`allocation ${row.name} was ${kept} and is ${row.kept}`);
      const images = this.#imagesOf(row.name);
      if (images.size > 0 && !images.has(row.image) && !this.#wentBack(row))
        broken.push(`allocation ${row.name} was promised ${[...images].join(" or ")}, and is to have ${row.image}`);
      this.#kept.set(row.name, row.kept);
      this.#images.set(row.name, new Set([row.image]));
    }
    return broken;
  }

  /** Its hammer found no image, and its system was still whole. */
  #wentBack({ machine, image, installed, reinstall }: Row): boolean {
    const { gaveUp } = this.#machines.find(({ uuid }) => uuid === machine)!;
    return gaveUp > 0 && !reinstall && image === installed;
  }

  #imagesOf(name: string): Set<string> {
    const images = this.#images.get(name) ?? new Set();
    this.#images.set(name, images);
    return images;
  }
}
