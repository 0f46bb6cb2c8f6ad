// Every command has examples, and what they say is understood: the parser gets each, and reaches the command it stands at.
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { examplesOf, pathOf } from "./commands/examples.ts";
import type { GlobalFlags } from "./configuration.ts";
import { printing } from "./output/printer.ts";
import { sortKeysOf } from "./output/sort.ts";
import { compile } from "./output/template/template.ts";
import { createProgram } from "./program.ts";

const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
/** Groups alone have arguments of their own only where they do something themselves. */
const doesSomething = (command: Command) => command.commands.length === 0 || command.registeredArguments.length > 0;
const commands = all(await createProgram()).filter(doesSomething);

/** The words as a shell gives them to the program, up to where it redirects. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
    .map(([, single, double, plain]) => single ?? double ?? plain!)
    .reduce<string[]>((sum, word) => (sum.at(-1) === ">" ? sum : [...sum, word]), [])
    .filter((word) => word !== ">");

/** Ends a command before it does anything. */
class Reached extends Error {
  readonly command: Command;

  constructor(command: Command) {
    super("reached");
    this.command = command;
  }
}

/** Which command a line reaches. @throws what is wrong with the line */
async function reachedBy(line: string): Promise<Command> {
  const given = words(line);
  const program = await createProgram(given);
  program.hook("preAction", (_, action) => {
    throw new Reached(action);
  });
  for (const each of all(program)) each.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  try {
    await program.parseAsync(given, { from: "user" });
  } catch (error) {
    if (error instanceof Reached) return error.command;
    throw error;
  }
  throw new Error(`${line} reaches no command`);
}

describe.each(commands.map((command) => [pathOf(command), command] as const))("%s", (path, command) => {
  it("has examples that are understood", async () => {
    expect(examplesOf(command), path).not.toEqual([]);
    for (const [does, line] of examplesOf(command)) {
      expect(does).not.toBe("");
      const reached = await reachedBy(`${path} ${line}`.replace("metalctl ", ""));
      expect(pathOf(reached)).toBe(path);
      const flags = reached.optsWithGlobals<GlobalFlags & { sortBy?: string }>();
      if (flags.template !== undefined) expect(compile(flags.template)).toBeTypeOf("function");
      expect(printing(flags).format).toBe(flags.outputFormat ?? "table");
      const option = reached.options.find(({ long }) => long === "--sort-by");
      const keys = option && sortKeysOf(option);
      for (const key of flags.sortBy?.split(",") ?? []) expect(keys).toContain(key.split(":")[0]);
    }
  });
});

it("finds a flag that is not there", async () => {
  await expect(reachedBy("machine list --colour blue")).rejects.toThrow("unknown option '--colour'");
  await expect(reachedBy("machine why")).rejects.toThrow("missing required argument");
  await expect(reachedBy("vpn key --project p")).rejects.toThrow("--reason");
  expect(words("a 'b c' \"d\" > e")).toEqual(["a", "b c", "d"]);
});

it("lets every list be watched", () => {
  // Contexts are in a file that nobody else changes.
  const lists = commands.filter((command) => command.name() === "list" && command.parent!.name() !== "context");
  expect(lists.length).toBeGreaterThan(15);
  const others = commands.filter((command) =>
    /capacity|usage|detail|connected-machines|ipmi|chassis-list|issues|logs|jobs|erase-records|erase-record-keys/.test(
      command.name(),
    ),
  );
  for (const command of [...lists, ...others])
    expect(
      command.options.map(({ long }) => long),
      pathOf(command),
    ).toEqual(expect.arrayContaining(["--watch", "--interval"]));
});
