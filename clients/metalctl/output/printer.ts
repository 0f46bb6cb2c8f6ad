// The output formats: table, wide, markdown, json, yaml, template.
import { dump, type DumpOptions } from "js-yaml";
import type { GlobalFlags } from "../configuration.ts";
import { Refusal } from "../errors.ts";
import { FORMATS, type Format } from "./formats.ts";
import { type Look, lookOf } from "./look.ts";
import { markdown, table } from "./table.ts";
import type { Value } from "./template/values.ts";

/** True when rows are shown in columns, not whole documents. */
export function isTabular(format: Format): boolean {
  return format === "table" || format === "wide" || format === "markdown";
}

/** A column of a table: its header and the cell of a row. `in: "wide"` appears only in the wide format, `"table"` never there. */
export interface Column<T> {
  readonly header: string;
  readonly cell: (row: T, look: Look) => string;
  readonly in?: "wide" | "table";
}

export interface Printing {
  readonly format: Format;
  readonly headers: boolean;
  /** Fills the template with a document. */
  readonly fill?: (document: Value) => string;
  readonly look: Look;
}

/** What the global flags ask for; `describe` falls back to yaml. */
export function printing(flags: GlobalFlags, fallback: Format = "table"): Printing {
  const format = (flags.outputFormat || fallback) as Format;
  if (!FORMATS.includes(format))
    throw new Refusal(`unknown output format "${format}"`, { next: `use one of ${FORMATS.join(", ")}` });
  if (format === "template" && flags.template === undefined)
    throw new Refusal("the output format template needs --template");
  return {
    format,
    headers: flags.headers !== false,
    look: lookOf(flags, format === "wide"),
    ...(flags.fill && { fill: flags.fill }),
  };
}

/** Prints what was rendered; of nothing not even the end of a line. */
export function print(text: string): void {
  if (text !== "") console.log(text);
}

/** Renders rows. For json and yaml an array is printed as such; a single document is printed bare when `single`. */
export function render<T>(rows: readonly T[], columns: readonly Column<T>[], how: Printing, single = false): string {
  switch (how.format) {
    case "json":
      return JSON.stringify(sorted(single ? rows[0] : rows), null, 4);
    case "yaml":
      return yaml(single ? rows[0] : rows);
    case "template":
      return rows
        .map((row) => how.fill!(row as Value))
        .filter((filled) => filled !== "")
        .join("\n");
    default: {
      const wide = how.format === "wide";
      const shown = columns.filter((column) => column.in === undefined || (column.in === "wide") === wide);
      const header = shown.map((column) => column.header.toUpperCase());
      const body = rows.map((row) => shown.map((column) => clean(column.cell(row, how.look))));
      const told = how.headers ? header : undefined;
      return how.format === "markdown" ? markdown(told, body) : table(told, body, how.look.columns);
    }
  }
}

/** What others wrote must not steer the terminal: of control characters only line ends and colours are left. */
// oxlint-disable-next-line no-control-regex -- they are what it is about.
const clean = (cell: string) => cell.replaceAll(/(?!\u001b\[\d+m)[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, " ");

/** A document in the original's style: keys by name, lists not indented. */
export function yaml(document: unknown): string {
  const options: DumpOptions = { noRefs: true, lineWidth: -1, sortKeys: true, seqNoIndent: true, quoteStyle: "double" };
  return `---\n${dump(document, options).trimEnd()}`;
}

/** The keys by name, as the original has them. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
