// Examples of commands. --help and the pages of documentation show them; a test gives each to the parser.
import type { Command } from "commander";

/** What an example does, and its words behind the command. */
export type Example = readonly [does: string, words: string];

const EXAMPLES = new WeakMap<Command, readonly Example[]>();
/** A line that is longer goes on in the next. */
const LONGEST = 78;

/** Adds examples to a command. */
export function examples(command: Command, ...given: readonly Example[]): Command {
  if (!EXAMPLES.has(command))
    command.addHelpText(
      "after",
      () =>
        `\nExamples:\n${exampleLines(command)
          .map((line) => `  ${line}`)
          .join("\n")}`,
    );
  EXAMPLES.set(command, [...examplesOf(command), ...given]);
  return command;
}

const NOTES = new WeakMap<Command, string>();

/** Adds what a file looks like, and the like, below the examples. */
export function note(command: Command, text: string): Command {
  NOTES.set(command, text);
  return command.addHelpText("after", `\n${text}`);
}

export const noteOf = (command: Command): string | undefined => NOTES.get(command);

export const examplesOf = (command: Command): readonly Example[] => EXAMPLES.get(command) ?? [];

/** Comments and commands, as a shell takes them. */
export const exampleLines = (command: Command): string[] =>
  examplesOf(command).flatMap(([does, words]) => [
    `# ${does}`,
    ...folded(`${pathOf(command)} ${words}`.trimEnd()).split("\n"),
  ]);

/** "metalctl machine power on" */
export const pathOf = (command: Command): string =>
  (command.parent ? `${pathOf(command.parent)} ` : "") + command.name();

/** Flags that do not fit stand in lines of their own. */
function folded(line: string): string {
  const [first = "", ...flags] = line.split(/ (?=--?[a-zA-Z])/);
  let [done, current] = ["", first];
  for (const flag of flags) {
    if (current.length + 1 + flag.length + 2 <= LONGEST) current += ` ${flag}`;
    else [done, current] = [`${done}${current} \\\n`, `    ${flag}`];
  }
  return done + current;
}
