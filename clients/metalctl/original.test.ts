// Every command, alias, argument, flag and sort key of the original is here, or docs/compatibility.md says why not.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command, Option } from "commander";
import { expect, it } from "vitest";
import { createProgram } from "./program.ts";

type Fact = readonly [path: string, kind: string, fact: string];

const FACTS = readFileSync(join(import.meta.dirname, "testdata", "original.tsv"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split("\t") as unknown as Fact);

const pathOf = (command: Command): string => (command.parent ? `${pathOf(command.parent)} ` : "") + command.name();
const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
const commands = new Map(all(await createProgram()).map((command) => [pathOf(command), command]));

/** A flag of the original: "-f --file string", or a switch without the last word. */
function flagIs(fact: string, option: Option | undefined): boolean {
  const [, short, , type] = /^(?:(-\w) )?(--[\w-]+)(?: (\w+))?$/.exec(fact)!;
  if (!option || (short !== undefined && option.short !== short)) return false;
  return (type !== undefined) === (option.required || option.optional);
}

const isHere: Readonly<Record<string, (command: Command, fact: string) => boolean>> = {
  command: (command, fact) => command.registeredArguments.length >= (fact.match(/</g) ?? []).length,
  alias: (command, fact) => command.aliases().includes(fact),
  flag: (command, fact) => {
    const long = /--[\w-]+/.exec(fact)![0];
    return flagIs(
      fact,
      command.options.find((option) => option.long === long || option.long === `--no-${long.slice(2)}`),
    );
  },
  sort: (command, fact) => {
    const help = command.options.find(({ long }) => long === "--sort-by")?.description ?? "";
    return fact.split(" ").every((key) => help.split(/[ ,]+/).includes(key));
  },
};

/** How a fact that is not here stands in the table of differences. */
const nameOf = ([path, kind, fact]: Fact) =>
  kind === "flag" ? `${path} ${/--[\w-]+/.exec(fact)![0]}` : kind === "alias" ? `${path}, alias ${fact}` : path;

it("has all that the original has, but for what the table of differences names", () => {
  const differences = readFileSync(join(import.meta.dirname, "../../docs/compatibility.md"), "utf8");
  const missing = FACTS.filter((fact) => {
    const command = commands.get(fact[0]);
    return !(command && isHere[fact[1]]!(command, fact[2]));
  });
  expect(missing.map(nameOf).filter((name) => !differences.includes(`\`${name}\``))).toEqual([]);
});

it("gives no flag two meanings", () => {
  for (const command of commands.values()) {
    const names = command.options.flatMap(({ long, short }) => [long, short]).filter((name) => name !== undefined);
    expect(new Set(names).size, pathOf(command)).toBe(names.length);
    // A word after a global flag must not become the value of a command's.
    const global = commands.get("metalctl")!.options.map(({ long }) => long);
    if (command.parent)
      expect(
        names.filter((name) => global.includes(name)),
        pathOf(command),
      ).toEqual([]);
  }
});

it("describes every command and flag", () => {
  for (const command of commands.values()) {
    expect(command.description(), pathOf(command)).not.toBe("");
    for (const option of command.options) expect(option.description, `${pathOf(command)} ${option.flags}`).not.toBe("");
  }
});

it("loads a group by each of its names", async () => {
  for (const group of commands.get("metalctl")!.commands)
    for (const name of [group.name(), ...group.aliases()]) {
      const loaded = (await createProgram([name])).commands.map((command) => command.name());
      expect(loaded, name).toContain(group.name());
      expect(loaded.length, name).toBeLessThan(5);
    }
});
