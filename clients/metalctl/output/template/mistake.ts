// What is wrong with a template, and where.
import { Refusal } from "../../errors.ts";

/** A mistake at a place of the template. */
export class Mistake extends Error {
  override readonly name = "Mistake";
  /** Offset in the template. */
  readonly at: number;

  constructor(what: string, at: number) {
    super(what);
    this.at = at;
  }
}

/** The error for the user: line, column, and the line with a mark below the place. */
export function refusalOf({ message, at }: Mistake, template: string): Refusal {
  const before = template.slice(0, at).split("\n");
  const [line, column] = [before.length, before.at(-1)!.length + 1];
  const shown = template.split("\n")[line - 1]!;
  return new Refusal(`--template, line ${line}, column ${column}: ${message}`, {
    details: `${shown}\n${shown.slice(0, column - 1).replaceAll(/[^\t]/g, " ")}^`,
    next: "the fields are those of -o json, the language that of Go's text/template with the functions of sprig",
  });
}
