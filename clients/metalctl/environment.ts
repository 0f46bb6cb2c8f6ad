// Every flag has a variable: METALCTL_ and its name, dashes as underscores (reference/platform-services.md 3.1).
// The flag on the command line wins over it.
import type { Command } from "commander";

/** Words of Go's ParseBool; the original reads switches so. */
export const TRUE: readonly string[] = ["1", "t", "T", "TRUE", "true", "True"];
export const FALSE: readonly string[] = ["0", "f", "F", "FALSE", "false", "False"];
/** Flags that the original does not have: METALCTL_VERSION is often somebody else's. */
const WITHOUT = ["--version", "--help"];

/** Gives the flags of a command, and of all below it, what their variables say. */
export function bindEnvironment(command: Command): void {
  for (const option of command.options) {
    const value = process.env[`METALCTL_${(option.long ?? "").slice(2).replaceAll("-", "_").toUpperCase()}`];
    if (!option.long || WITHOUT.includes(option.long) || !value) continue;
    const isSwitch = !option.required && !option.optional;
    if (isSwitch && !TRUE.includes(value)) continue;
    const parsed: unknown = isSwitch ? !option.negate : option.parseArg ? option.parseArg(value, undefined) : value;
    command.setOptionValueWithSource(option.attributeName(), parsed, "env");
  }
  for (const below of command.commands) bindEnvironment(below);
}
