// sprig's regular expressions. Go's syntax is RE2's, of which nearly all means the same in JavaScript.
import type { Value } from "../values.ts";
import { callable, type Callable } from "./function.ts";

/** Flags at the beginning and names of groups are written otherwise. */
function compiled(pattern: string): RegExp {
  const [, letters = "", rest = ""] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern)!;
  const named = rest
    .replaceAll("(?P<", "(?<")
    .replaceAll(String.raw`\A`, "^")
    .replaceAll(String.raw`\z`, "$");
  try {
    return new RegExp(named, `gu${letters}`);
  } catch (error) {
    throw new Error(`"${pattern}" is no regular expression: ${(error as Error).message}`, { cause: error });
  }
}

/** A negative count means all. */
const upTo = <T>(values: readonly T[], most: number) => (most < 0 ? values : values.slice(0, most));

const findAll = (pattern: string, value: string, most: number): Value =>
  upTo(value.match(compiled(pattern)) ?? [], most);

/** "$1", "${1}" and "${name}" of the match. */
function replaceAll(pattern: string, value: string, by: string): string {
  return value.replaceAll(compiled(pattern), (...given: readonly unknown[]) => {
    const named = typeof given.at(-1) === "object" ? (given.at(-1) as Record<string, string>) : {};
    const groups = given.filter((each) => typeof each === "string" || each === undefined);
    return by.replaceAll(/\$(?:\$|\{(\w+)\}|(\w+))/g, (_, braced?: string, plain?: string) => {
      const name = braced ?? plain;
      if (name === undefined) return "$";
      return (/^\d+$/.test(name) ? groups[Number(name)] : named[name]) ?? "";
    });
  });
}

function split(pattern: string, value: string, most: number): Value {
  if (most === 0) return [];
  const parts: string[] = [];
  let from = 0;
  for (const { 0: separator, index } of value.matchAll(compiled(pattern))) {
    if (most > 0 && parts.length === most - 1) break;
    if (separator === "" && (index === 0 || index === value.length)) continue;
    parts.push(value.slice(from, index));
    from = index + separator.length;
  }
  return [...parts, value.slice(from)];
}

/** Each also as "must…". */
const FALLIBLE: Readonly<Record<string, Callable>> = {
  regexMatch: callable(["text", "text"], (pattern, value) => compiled(pattern).test(value)),
  regexFind: callable(["text", "text"], (pattern, value) => compiled(pattern).exec(value)?.[0] ?? ""),
  regexFindAll: callable(["text", "text", "int"], findAll),
  regexReplaceAll: callable(["text", "text", "text"], replaceAll),
  regexReplaceAllLiteral: callable(["text", "text", "text"], (pattern, value, by) =>
    value.replaceAll(compiled(pattern), () => by),
  ),
  regexSplit: callable(["text", "text", "int"], split),
};

export const PATTERNS: Readonly<Record<string, Callable>> = {
  ...FALLIBLE,
  ...Object.fromEntries(
    Object.entries(FALLIBLE).map(([name, each]) => [`must${name[0]!.toUpperCase()}${name.slice(1)}`, each]),
  ),
  regexQuoteMeta: callable(["text"], (value) => value.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`)),
};
