// "--nat=false" and "--nat=true": commander's switches take no values, those of the original do.
import type { Command, Option } from "commander";
import { FALSE, TRUE } from "./environment.ts";

const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
const isSwitch = ({ required, optional }: Option) => !required && !optional;

/** What a command line says of a switch, and which option says it. */
export interface Said {
  readonly long: string;
  readonly value: boolean;
}

/** The words without values of switches, and those values. Only switches that the program has are taken. */
export function withoutSwitchValues(program: Command, words: readonly string[]): [words: string[], said: Said[]] {
  const known = new Set(
    all(program)
      .flatMap(({ options }) => options)
      .filter(isSwitch)
      .map(({ long }) => long),
  );
  const said: Said[] = [];
  const end = words.indexOf("--");
  const rest = words.filter((word, at) => {
    const [long = "", given] = word.split("=");
    const value = given !== undefined && [TRUE, FALSE].some((values) => values.includes(given));
    const taken = known.has(long) && value && (end === -1 || at < end);
    if (taken) said.push({ long, value: TRUE.includes(given) });
    return !taken;
  });
  return [rest, said];
}

/** Gives the values to the command that runs, or to those above it. @throws Error for a switch that none of them has */
export function setSwitches(action: Command, said: readonly Said[]): void {
  for (const { long, value } of said) {
    let at: Command | null = action;
    while (at && !at.options.some((option) => option.long === long)) at = at.parent;
    const option = at?.options.find((each) => each.long === long);
    if (!at || !option) return action.error(`error: unknown option '${long}'`, { code: "commander.unknownOption" });
    at.setOptionValueWithSource(option.attributeName(), option.negate ? !value : value, "cli");
  }
}
