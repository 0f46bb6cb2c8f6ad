// Values as text: Go's fmt, as far as values of templates go.
import { goTime } from "./dates.ts";
import { isDictionary, isList, keysOf, typeOf, type Value } from "./values.ts";

/** As %v prints: lists as [a b], dictionaries as map[a:1], with keys in order. */
export const text = (value: Value): string => format("v", value, NO_FLAGS);

/** `print`: blanks only between neighbours that are no texts. */
export function print(values: readonly Value[]): string {
  return values
    .map((value, at) => {
      const apart = at > 0 && typeof value !== "string" && typeof values[at - 1] !== "string";
      return (apart ? " " : "") + text(value);
    })
    .join("");
}

interface Flags {
  readonly letters: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}
const NO_FLAGS: Flags = { letters: "", width: undefined, precision: undefined };

const DIRECTIVE = /%([-+# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:\.(\*|\d+)?)?(?:\[(\d+)\])?([^])?/gu;

/** `printf`. What a verb cannot print is told in the text, as Go does. */
export function printf(pattern: string, values: readonly Value[]): string {
  let next = 0;
  let reordered = false;
  const number = (given: string | undefined) => {
    if (given !== "*") return given === undefined ? undefined : Number(given);
    const value = values[next++];
    return typeof value === "bigint" || typeof value === "number" ? Number(value) : undefined;
  };
  const told = pattern.replace(
    DIRECTIVE,
    (all, letters: string, early?: string, wide?: string, exact?: string, late?: string, verb?: string) => {
      const index = early ?? late;
      if (index !== undefined) {
        next = Number(index) - 1;
        reordered = true;
      }
      const width = number(wide);
      const precision = all.includes(".") && verb !== "." ? (number(exact) ?? 0) : undefined;
      if (verb === undefined) return "%!(NOVERB)";
      if (verb === "%") return "%";
      if (next >= values.length) return `%!${verb}(${reordered ? "BADINDEX" : "MISSING"})`;
      const flags =
        width !== undefined && width < 0
          ? { letters: `${letters}-`, width: -width, precision }
          : { letters, width, precision };
      return padded(format(verb, values[next++], flags), flags, verb);
    },
  );
  if (reordered || next >= values.length) return told;
  const extra = values.slice(next).map((value) => (isNothing(value) ? "<nil>" : `${typeOf(value)}=${text(value)}`));
  return `${told}%!(EXTRA ${extra.join(", ")})`;
}

const isNothing = (value: Value) => value === undefined || value === null;

/** To its width: with blanks, or zeros between a number's sign and its digits. */
function padded(shown: string, { letters, width = 0 }: Flags, verb: string): string {
  const missing = width - Array.from(shown).length;
  if (missing <= 0) return shown;
  if (letters.includes("-")) return shown + " ".repeat(missing);
  if (!letters.includes("0") || verb === "s" || verb === "q") return " ".repeat(missing) + shown;
  const [, sign = "", rest = ""] = /^([+-]?)([^]*)$/.exec(shown)!;
  return sign + "0".repeat(missing) + rest;
}

function format(verb: string, value: Value, flags: Flags): string {
  if (verb === "T") return typeOf(value);
  if (isNothing(value)) return verb === "v" ? "<nil>" : `%!${verb}(<nil>)`;
  if (isList(value)) return `[${value.map((each) => format(verb, each, flags)).join(" ")}]`;
  if (isDictionary(value))
    return `map[${keysOf(value)
      .map((key) => `${format(verb, key, flags)}:${format(verb, value[key], flags)}`)
      .join(" ")}]`;
  if (value instanceof Date) return goTime(value);
  const shown =
    typeof value === "string"
      ? formatText(verb, value, flags)
      : typeof value === "boolean"
        ? verb === "t" || verb === "v"
          ? String(value)
          : undefined
        : typeof value === "bigint"
          ? formatWhole(verb, value, flags)
          : formatFloat(verb, value, flags);
  return shown ?? `%!${verb}(${typeOf(value)}=${text(value)})`;
}

function formatText(verb: string, value: string, { precision, letters }: Flags): string | undefined {
  const cut = precision === undefined ? value : Array.from(value).slice(0, precision).join("");
  switch (verb) {
    case "v":
    case "s":
      return cut;
    case "q":
      return letters.includes("#") && !cut.includes("`") ? `\`${cut}\`` : quoted(cut);
    case "x":
    case "X": {
      const hex = Buffer.from(cut).toString("hex");
      return verb === "X" ? hex.toUpperCase() : hex;
    }
    default:
      return undefined;
  }
}

function formatWhole(verb: string, value: bigint, flags: Flags): string | undefined {
  const radix = { d: 10, v: 10, x: 16, X: 16, o: 8, O: 8, b: 2 }[verb];
  if (radix !== undefined) {
    const prefix = verb === "O" ? "0o" : flags.letters.includes("#") ? { 16: `0${verb}`, 8: "0", 2: "0b" }[radix] : "";
    const digits = (value < 0n ? -value : value).toString(radix).padStart(flags.precision ?? 0, "0");
    return signed(value < 0n, flags) + (prefix ?? "") + (verb === "X" ? digits.toUpperCase() : digits);
  }
  const character = () => (value >= 0n && value <= 0x10_ff_ffn ? String.fromCodePoint(Number(value)) : "\ufffd");
  if (verb === "c") return character();
  if (verb === "q") return `'${character().replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  if (verb === "U") return `U+${value.toString(16).toUpperCase().padStart(4, "0")}`;
  return undefined;
}

function signed(negative: boolean, { letters }: Flags): string {
  return negative ? "-" : letters.includes("+") ? "+" : letters.includes(" ") ? " " : "";
}

function formatFloat(verb: string, value: number, flags: Flags): string | undefined {
  const shape = { v: "g", g: "g", G: "g", f: "f", F: "f", e: "e", E: "e" }[verb];
  if (!shape) return undefined;
  const negative = value < 0 || Object.is(value, -0);
  const plain = Math.abs(value);
  const digits = Number.isFinite(plain)
    ? floatDigits(shape, plain, flags.precision)
    : Number.isNaN(value)
      ? "NaN"
      : "Inf";
  const shown = signed(negative, flags) + (digits === "Inf" && !negative && !flags.letters ? `+${digits}` : digits);
  return verb === "E" || verb === "G" ? shown.toUpperCase() : shown;
}

/** Go writes exponents with two digits at least. */
const exponent = (shown: string) => shown.replace(/e([+-])(\d)$/, "e$10$2");

/** What %e, %f and %g have unless a precision is given; %g has as many digits as tell the number from others. */
const USUAL_PRECISION = 6;
/** Numbers with so large an exponent show it in %v and %g. */
const LARGE_EXPONENT = 6;

function floatDigits(shape: string, value: number, precision: number | undefined): string {
  if (shape === "e") return exponent(value.toExponential(precision ?? USUAL_PRECISION));
  if (shape === "f") return fixed(value, precision ?? USUAL_PRECISION);
  const [digits = "0", power = "0"] = (
    precision === undefined ? value.toExponential() : value.toExponential(Math.max(0, precision - 1))
  ).split("e");
  const at = Number(power);
  const significant = digits.replace(".", "").replace(/0+$/, "");
  const most = precision === undefined ? LARGE_EXPONENT : Math.max(precision, 1);
  if (at < -4 || at >= most) return exponent(`${digits.replace(/\.?0+$/, "")}e${at < 0 ? "-" : "+"}${Math.abs(at)}`);
  return fixed(value, Math.max(0, significant.length - 1 - at));
}

/** More digits behind the point than JavaScript gives, nobody reads. */
const MOST_DIGITS = 100;
/** So many further digits tell a half from what is near it. */
const TELLING_DIGITS = 30;

/** Halves go to the even digit, as in Go; JavaScript rounds them up. */
function fixed(value: number, precision: number): string {
  const digits = Math.min(precision, MOST_DIGITS);
  if (value >= 1e21) return BigInt(value).toString() + (digits > 0 ? `.${"0".repeat(digits)}` : "");
  const exact = value.toFixed(Math.min(MOST_DIGITS, digits + TELLING_DIGITS));
  const at = exact.indexOf(".") + 1 + digits;
  const kept = exact.slice(0, at).replace(/\.$/, "");
  return /^50*$/.test(exact.slice(at)) && /[02468]$/.test(kept) ? kept : value.toFixed(digits);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": String.raw`\a`,
  "\b": String.raw`\b`,
  "\f": String.raw`\f`,
  "\n": String.raw`\n`,
  "\r": String.raw`\r`,
  "\t": String.raw`\t`,
  "\v": String.raw`\v`,
};

/** In double quotes, with what does not print escaped (strconv.Quote). */
export function quoted(value: string): string {
  const inner = value.replaceAll(/["\\]|[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    const code = character.codePointAt(0)!;
    const hex = code.toString(16);
    if (ESCAPES[character]) return ESCAPES[character];
    if (code < 0x80) return `\\x${hex.padStart(2, "0")}`;
    return code < 0x1_00_00 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
  });
  return `"${inner}"`;
}
