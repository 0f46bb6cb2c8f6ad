// Numbers and texts as Go writes them in templates.
import type { Token } from "./lexer.ts";
import { Mistake } from "./mistake.ts";

/** Whole numbers are Go's int, all others its float64. */
export function numberOf({ text, at }: Token): bigint | number {
  const digits = text.replaceAll("_", "");
  const wrong = () => new Mistake(`"${text}" is no number`, at);
  if (/^[+-]?0[xXbBoO]/.test(digits) || /^[+-]?\d+$/.test(digits)) {
    const [, sign = "", plain = ""] = /^([+-]?)(.*)$/.exec(digits)!;
    // A leading 0 alone means octal, too.
    const octal = /^0\d/.test(plain) ? `0o${plain.slice(1)}` : plain;
    if (/^0o.*[89]/.test(octal)) throw wrong();
    return sign === "-" ? -BigInt(octal) : BigInt(octal);
  }
  const value = Number(digits);
  if (Number.isNaN(value)) throw wrong();
  return value;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

/** The text between the quotes, its escapes resolved unless it is a raw one. */
export function unquoted({ kind, text, at }: Token): string {
  const inner = text.slice(1, -1);
  if (kind === "raw") return inner.replaceAll("\r", "");
  return inner.replaceAll(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gu,
    (all, x?: string, u?: string, long?: string, octal?: string, other?: string) => {
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const character = ESCAPES[other ?? ""];
      if (character === undefined) throw new Mistake(`"${all}" is no escape`, at);
      return character;
    },
  );
}
