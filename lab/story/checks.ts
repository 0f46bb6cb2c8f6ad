// The lab's own tests: named claims that were checked on real machines, with a verdict at the end.
import { writeFileSync } from "node:fs";
import { LAB_FOLDER } from "../region/state.ts";

export class Checks {
  readonly #results: { name: string; ok: boolean; detail: string }[] = [];
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Notes a claim and whether it holds. */
  check(name: string, ok: boolean, detail = ""): boolean {
    this.#results.push({ name, ok, detail });
    this.#print(`  ${ok ? "✓" : "✗"} ${name}${detail ? `  (${detail})` : ""}`);
    return ok;
  }

  get failed(): readonly string[] {
    return this.#results.filter((result) => !result.ok).map((result) => result.name);
  }

  /** Writes all results for the test runner. */
  save(): void {
    writeFileSync(`${LAB_FOLDER}/checks.json`, JSON.stringify(this.#results, null, 2));
  }
}
