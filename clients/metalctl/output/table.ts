// Rows laid out in columns. A cell may have several lines.
import { stripVTControlCharacters } from "node:util";

type Cells = readonly string[];

const GAP = "  ";
/** Further lines of a row that is too long for the terminal begin so. */
const INDENT = "  ";

/** Cells of a terminal that a text takes: wide pictures take two, colours none. */
function width(text: string): number {
  let cells = 0;
  for (const character of stripVTControlCharacters(text))
    cells +=
      /\p{Emoji_Presentation}/u.test(character) ||
      (/\p{Extended_Pictographic}/u.test(character) && character > "\u{1f000}")
        ? 2
        : 1;
  return cells;
}

const pad = (cell: string, to: number) => cell + " ".repeat(Math.max(0, to - width(cell)));

/** A row of cells with several lines as rows with one. */
function linesOf(row: Cells): string[][] {
  const cells = row.map((cell) => cell.split("\n"));
  const height = Math.max(1, ...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => cells.map((lines) => lines[line] ?? ""));
}

/**
 * Columns separated by two blanks, no borders, as the original prints them. Where a terminal is too narrow, the columns
 * that do not fit stand below the first, in as many lines as it takes.
 */
export function table(rows: readonly Cells[], columns?: number): string {
  const lines = rows.map(linesOf);
  const widths = (rows[0] ?? []).map((_, at) => Math.max(0, ...lines.flat().map((line) => width(line[at] ?? ""))));
  const folds = columns === undefined ? [widths.map((_, at) => at)] : foldsOf(widths, columns);
  return lines
    .flatMap((row) =>
      folds.flatMap((fold, index) =>
        row
          .map(
            (line) =>
              (index > 0 ? INDENT : "") +
              fold
                .map((at) => pad(line[at] ?? "", widths[at]!))
                .join(GAP)
                .trimEnd(),
          )
          // Of a row with several lines, those that say nothing in this fold are left out.
          .filter((line, at) => at === 0 || line.trim() !== ""),
      ),
    )
    .join("\n");
}

/** Which columns stand in which line: as many as fit. */
function foldsOf(widths: readonly number[], columns: number): number[][] {
  const folds: number[][] = [[]];
  let used = 0;
  for (const [at, cells] of widths.entries()) {
    if (folds.at(-1)!.length > 0 && used + cells > columns) {
      folds.push([]);
      used = INDENT.length;
    }
    folds.at(-1)!.push(at);
    used += cells + GAP.length;
  }
  return folds;
}

/** A table as Markdown has it, aligned. */
export function markdown(header: Cells, body: readonly Cells[]): string {
  const escaped = [header, ...body].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const lines = escaped.flatMap(linesOf);
  const widths = header.map((_, at) => Math.max(...lines.map((line) => width(line[at] ?? ""))));
  const row = (cells: Cells) => `| ${widths.map((to, at) => pad(cells[at] ?? "", to)).join(" | ")} |`;
  const [first = [], ...rest] = lines;
  return [row(first), `|${widths.map((to) => "-".repeat(to + 2)).join("|")}|`, ...rest.map(row)].join("\n");
}
