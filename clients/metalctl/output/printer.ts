// The output formats: table, wide, markdown, json, yaml, template.
import { dump } from "js-yaml";
import type { GlobalFlags } from "../configuration.ts";
import type { Doc } from "../resources/resource.ts";
import { FORMATS, type Format } from "./formats.ts";
import { renderTemplate } from "./template.ts";

/** True when rows are shown in columns, not whole documents. */
export function isTabular(format: Format): boolean {
  return format === "table" || format === "wide" || format === "markdown";
}

/** A column of a table: its header and the cell of a row. `wide` columns appear only in the wide format, `narrow` ones never there. */
export interface Column<T> {
  readonly header: string;
  readonly cell: (row: T) => string;
  readonly in?: "wide" | "table";
}

export interface Printing {
  readonly format: Format;
  readonly headers: boolean;
  readonly template?: string;
}

/** What the global flags ask for; `describe` falls back to yaml. */
export function printing(flags: GlobalFlags, fallback: Format = "table"): Printing {
  const format = (flags.outputFormat || fallback) as Format;
  if (!FORMATS.includes(format)) throw new Error(`unknown output format "${format}", use one of ${FORMATS.join(", ")}`);
  if (format === "template" && flags.template === undefined)
    throw new Error("the output format template needs --template");
  return {
    format,
    headers: flags.headers !== false,
    ...(flags.template === undefined ? {} : { template: flags.template }),
  };
}

/** Renders rows. For json and yaml an array is printed as such; a single document is printed bare when `single`. */
export function render<T>(rows: readonly T[], columns: readonly Column<T>[], how: Printing, single = false): string {
  switch (how.format) {
    case "json":
      return JSON.stringify(single ? rows[0] : rows, null, 4);
    case "yaml":
      return dump(single ? rows[0] : rows, { noRefs: true, lineWidth: -1 }).trimEnd();
    case "template":
      return rows
        .map((row) => renderTemplate(how.template!, row as Doc))
        .filter((line) => line.trim() !== "")
        .join("\n");
    default: {
      const wide = how.format === "wide";
      const shown = columns.filter((column) => column.in === undefined || (column.in === "wide") === wide);
      const header = shown.map((column) => column.header.toUpperCase());
      const body = rows.map((row) => shown.map((column) => column.cell(row).replaceAll("\n", " ")));
      return how.format === "markdown" ? markdown(header, body) : table(how.headers ? [header, ...body] : body);
    }
  }
}

/** Terminal cells a text takes; emoji take two. */
function width(text: string): number {
  let cells = 0;
  for (const character of text)
    cells += /\p{Extended_Pictographic}/u.test(character) && character > "\u{1f000}" ? 2 : 1;
  return cells;
}

/** Columns separated by two blanks, no borders, as the original prints them. */
function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ""))));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell + " ".repeat(widths[column]! - width(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function markdown(header: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...body.map(line)].join("\n");
}
