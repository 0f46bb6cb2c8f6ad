// From flags to request documents.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import type { Command } from "commander";
import { Refusal } from "../errors.ts";
import type { Doc, Flag } from "../resources/resource.ts";

/** Adds a resource's flags to a command. Lists are comma-separated and may be repeated. */
export function addFlags(command: Command, flags: readonly Flag[]): Command {
  for (const flag of flags) {
    if (flag.kind === "list" || flag.kind === "labels") {
      command.option(flag.flags, flag.help, (value: string, previous: string[] | undefined) => [
        // The command line replaces what a variable says.
        ...(command.getOptionValueSource(optionName(flag.flags)) === "env" ? [] : (previous ?? [])),
        ...value.split(",").filter(Boolean),
      ]);
    } else if (flag.required === true) command.requiredOption(flag.flags, flag.help);
    else command.option(flag.flags, flag.help);
  }
  return command;
}

/** The request document that the given flags make; flags that were not given leave no field. */
export function requestFromFlags(flags: readonly Flag[], options: Record<string, unknown>): Doc {
  const request: Doc = {};
  for (const flag of flags) {
    const value = options[optionName(flag.flags)];
    if (value === undefined) continue;
    const path = flag.field.split(".");
    let target = request;
    for (const name of path.slice(0, -1)) target = (target[name] ??= {}) as Doc;
    target[path.at(-1)!] = convert(flag, value);
  }
  return request;
}

function convert(flag: Flag, value: unknown): unknown {
  switch (flag.kind) {
    case "number": {
      const number = Number(value);
      if (!Number.isFinite(number))
        throw new Refusal(`${/--[\w-]+/.exec(flag.flags)![0]}: "${String(value)}" is not a number`);
      return number;
    }
    case "labels":
      return Object.fromEntries(
        (value as string[]).map((entry) => {
          const at = entry.indexOf("=");
          return at === -1 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
        }),
      );
    default:
      return value;
  }
}

/** commander's name of an option: the long flag in camel case. */
function optionName(flags: string): string {
  const long = /--([a-z0-9-]+)/.exec(flags)![1]!;
  return long.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A text given literally, or "@file" for the content of a file, whose ~ no shell resolves behind an @. */
export function textOrFile(value: string): string {
  return value.startsWith("@") ? readText(value.slice(1).replace(/^~(?=\/|$)/, homedir())).trim() : value;
}

/** @param file - is standard input @throws Refusal that says why it cannot be read */
export function readText(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = { ENOENT: "there is no such file", EISDIR: "it is a folder", EACCES: "you may not read it" }[
      code ?? ""
    ];
    throw new Refusal(`cannot read ${file}: ${why ?? message}`, { cause: error });
  }
}
