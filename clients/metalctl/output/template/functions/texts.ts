// sprig's functions of texts.
import { quoted, text } from "../format.ts";
import { isList, type Value } from "../values.ts";
import { callable, type Callable } from "./function.ts";

const isThere = (value: Value) => value !== undefined && value !== null;

/** The entries of a list as texts, without those that are not there; anything else as the only one. */
export const texts = (value: Value): string[] => (isList(value) ? value : [value]).filter(isThere).map(text);

/** Of bytes, as Go cuts. */
function cut(value: string, from: number, to?: number): string {
  const bytes = Buffer.from(value);
  if (from > bytes.length || (to !== undefined && from > to))
    throw new Error(`cannot cut from ${from} to ${to ?? bytes.length}`);
  return bytes.subarray(from, to).toString();
}

function truncated(count: number, value: string): string {
  const length = Buffer.byteLength(value);
  if (count < 0) return length + count > 0 ? cut(value, length + count) : value;
  return length > count ? cut(value, 0, count) : value;
}

function part(start: number, end: number, value: string): string {
  if (start < 0) return cut(value, 0, end);
  return end < 0 || end > Buffer.byteLength(value) ? cut(value, start) : cut(value, start, end);
}

/** Without characters of a set at both ends. */
function trimmed(set: string, value: string): string {
  const characters = Array.from(value);
  const stays = (character: string) => !set.includes(character);
  const [from, to] = [characters.findIndex(stays), characters.findLastIndex(stays)];
  return from === -1 ? "" : characters.slice(from, to + 1).join("");
}

const indented = (count: number, value: string) => {
  const blanks = " ".repeat(Math.max(0, count));
  return blanks + value.replaceAll("\n", `\n${blanks}`);
};

/** "_0", "_1", … to the parts. */
const numbered = (parts: readonly string[]) => Object.fromEntries(parts.map((each, at) => [`_${at}`, each]));

/** At most so many parts; the last one has the rest. */
function splitInto(separator: string, most: number, value: string): string[] {
  const parts = value.split(separator);
  if (most < 0 || parts.length <= most) return parts;
  return most === 0 ? [] : [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

const trimAll = callable(["text", "text"], trimmed);

export const TEXTS: Readonly<Record<string, Callable>> = {
  hello: callable([], () => "Hello!"),
  toString: callable(["any"], text),
  toStrings: callable(["any"], texts),
  trim: callable(["text"], (value) => value.trim()),
  trimAll,
  trimall: trimAll,
  trimSuffix: callable(["text", "text"], (end, value) =>
    end !== "" && value.endsWith(end) ? value.slice(0, -end.length) : value,
  ),
  trimPrefix: callable(["text", "text"], (begin, value) =>
    value.startsWith(begin) ? value.slice(begin.length) : value,
  ),
  upper: callable(["text"], (value) => value.toUpperCase()),
  lower: callable(["text"], (value) => value.toLowerCase()),
  title: callable(["text"], (value) =>
    value.replaceAll(/(?<![\p{L}\p{Nd}_'])\p{L}/gu, (letter) => letter.toUpperCase()),
  ),
  trunc: callable(["int", "text"], truncated),
  substr: callable(["int", "int", "text"], part),
  repeat: callable(["int", "text"], (count, value) => value.repeat(count)),
  contains: callable(["text", "text"], (inner, value) => value.includes(inner)),
  hasPrefix: callable(["text", "text"], (begin, value) => value.startsWith(begin)),
  hasSuffix: callable(["text", "text"], (end, value) => value.endsWith(end)),
  quote: callable(
    [],
    (...values) =>
      values
        .filter(isThere)
        .map((each) => quoted(text(each)))
        .join(" "),
    "any",
  ),
  squote: callable(
    [],
    (...values) =>
      values
        .filter(isThere)
        .map((each) => `'${text(each)}'`)
        .join(" "),
    "any",
  ),
  cat: callable([], (...values) => values.filter(isThere).map(text).join(" "), "any"),
  indent: callable(["int", "text"], indented),
  nindent: callable(["int", "text"], (count, value) => `\n${indented(count, value)}`),
  replace: callable(["text", "text", "text"], (old, fresh, value) => value.replaceAll(old, () => fresh)),
  plural: callable(["text", "text", "int"], (one, many, count) => (count === 1 ? one : many)),
  split: callable(["text", "text"], (separator, value) => numbered(value.split(separator))),
  splitn: callable(["text", "int", "text"], (separator, most, value) => numbered(splitInto(separator, most, value))),
  splitList: callable(["text", "text"], (separator, value) => value.split(separator)),
  join: callable(["text", "any"], (separator, value) => (isThere(value) ? texts(value) : []).join(separator)),
};
