// sprig's arithmetic: whole numbers unless the name says otherwise.
import { randomInt } from "node:crypto";
import { text } from "../format.ts";
import type { Value } from "../values.ts";
import { callable, type Callable } from "./function.ts";

/** What sprig makes a whole number of: numbers without their fraction, texts of digits, true; all else is 0. */
export function whole(value: Value): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
  if (typeof value === "string") return /^[+-]?\d+$/.test(value) ? BigInt(value.replace(/^\+/, "")) : 0n;
  return value === true ? 1n : 0n;
}

function float(value: Value): number {
  if (typeof value === "string") return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : 0;
  return typeof value === "bigint" || typeof value === "number" ? Number(value) : value === true ? 1 : 0;
}

function divisor(value: Value): bigint {
  const by = whole(value);
  if (by === 0n) throw new Error("division by 0");
  return by;
}

function steps(start: number, stop: number, step: number): bigint[] {
  const numbers: bigint[] = [];
  if (step === 0 || step > 0 !== stop > start) return numbers;
  for (let at = start; step > 0 ? at < stop : at > stop; at += step) numbers.push(BigInt(at));
  return numbers;
}

/** "1 2 3" up to and with the end. */
function sequence(...given: readonly number[]): string {
  if (given.length === 0 || given.length > 3) return "";
  const [start, end] = given.length === 1 ? [1, given[0]!] : [given[0]!, given.at(-1)!];
  const direction = end < start ? -1 : 1;
  const step = given.length === 3 ? given[1]! : direction;
  return steps(start, end + direction, step).join(" ");
}

function rounded(value: Value, places: number, up = 0.5): number {
  const power = 10 ** places;
  const digits = power * float(value);
  return (digits % 1 >= up ? Math.ceil(digits) : Math.floor(digits)) / power;
}

const greatest = callable(["any"], (...all) => all.map(whole).reduce((a, b) => (b > a ? b : a)), "any");

export const NUMBERS: Readonly<Record<string, Callable>> = {
  int: callable(["any"], whole),
  int64: callable(["any"], whole),
  float64: callable(["any"], float),
  atoi: callable(["text"], whole),
  toDecimal: callable(["any"], (octal) => (/^[0-7]+$/.test(text(octal)) ? BigInt(`0o${text(octal)}`) : 0n)),
  add: callable([], (...all) => all.map(whole).reduce((a, b) => a + b, 0n), "any"),
  add1: callable(["any"], (value) => whole(value) + 1n),
  sub: callable(["any", "any"], (a, b) => whole(a) - whole(b)),
  mul: callable(["any"], (...all) => all.map(whole).reduce((a, b) => a * b), "any"),
  div: callable(["any", "any"], (a, b) => whole(a) / divisor(b)),
  mod: callable(["any", "any"], (a, b) => whole(a) % divisor(b)),
  max: greatest,
  biggest: greatest,
  min: callable(["any"], (...all) => all.map(whole).reduce((a, b) => (b < a ? b : a)), "any"),
  maxf: callable(["any"], (...all) => Math.max(...all.map(float)), "any"),
  minf: callable(["any"], (...all) => Math.min(...all.map(float)), "any"),
  ceil: callable(["any"], (value) => Math.ceil(float(value))),
  floor: callable(["any"], (value) => Math.floor(float(value))),
  round: callable(["any", "int"], rounded, "float"),
  randInt: callable(["int", "int"], (from, to) => BigInt(randomInt(from, to))),
  until: callable(["int"], (count) => steps(0, count, count < 0 ? -1 : 1)),
  untilStep: callable(["int", "int", "int"], steps),
  seq: callable([], sequence, "int"),
};
