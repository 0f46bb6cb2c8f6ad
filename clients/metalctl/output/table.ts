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

const widthsOf = (lines: readonly Cells[], columns: number) =>
  Array.from({ length: columns }, (_, at) => Math.max(0, ...lines.map((line) => width(line[at] ?? ""))));

/**
 * Columns separated by two blanks, no borders, as the original prints them. Where a terminal is too narrow, the columns
 * that do not fit stand below the first, in as many lines as it takes, and those that say nothing of any row are left out.
 * @param header its cells count for nothing when a column says nothing
 */
export function table(header: Cells | undefined, body: readonly Cells[], columns = Number.POSITIVE_INFINITY): string {
  const rows = header ? [header, ...body] : body;
  const lines = rows.map(linesOf);
  const widths = widthsOf(lines.flat(), rows[0]?.length ?? 0);
  const all = widths.map((_, at) => at);
  const row = (line: Cells, at: readonly number[]) =>
    at
      .map((each) => pad(line[each] ?? "", widths[each]!))
      .join(GAP)
      .trimEnd();
  if (widths.reduce((sum, cells) => sum + cells + GAP.length, -GAP.length) <= columns)
    return lines.flatMap((each) => each.map((line) => row(line, all))).join("\n");
  const told = widthsOf(body.flatMap(linesOf), widths.length);
  const folds = foldsOf(
    widths,
    all.filter((at) => at === 0 || told[at]! > 0),
    columns,
  );
  return lines
    .flatMap((each) => folds.flatMap((fold, index) => each.map((line) => (index > 0 ? INDENT : "") + row(line, fold))))
    .filter((line) => line.trim() !== "")
    .join("\n");
}

/** Which columns stand in which line: as many as fit. */
function foldsOf(widths: readonly number[], shown: readonly number[], columns: number): number[][] {
  const folds: number[][] = [[]];
  let used = 0;
  for (const at of shown) {
    const cells = widths[at]!;
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
export function markdown(header: Cells | undefined, body: readonly Cells[]): string {
  const escaped = (header ? [header, ...body] : body).map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const lines = escaped.flatMap(linesOf);
  const widths = widthsOf(lines, escaped[0]?.length ?? 0);
  const row = (cells: Cells) => `| ${widths.map((to, at) => pad(cells[at] ?? "", to)).join(" | ")} |`;
  if (!header) return lines.map(row).join("\n");
  const [first = [], ...rest] = lines;
  return [row(first), `|${widths.map((to) => "-".repeat(to + 2)).join("|")}|`, ...rest.map(row)].join("\n");
}
