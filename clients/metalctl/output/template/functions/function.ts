// What a function of templates is: the kinds of its arguments, checked before it is called.
import { isDictionary, isList, typeOf, type Dictionary, type Value } from "../values.ts";

interface Kinds {
  any: Value;
  text: string;
  /** Go's int; a number without a fraction will do. */
  int: number;
  float: number;
  bool: boolean;
  list: readonly Value[];
  dictionary: Dictionary;
  time: Date;
}
export type Kind = keyof Kinds;
type Arguments<Given extends readonly Kind[]> = { -readonly [At in keyof Given]: Kinds[Given[At]] };

export interface Callable {
  readonly kinds: readonly Kind[];
  /** Of the arguments behind those, any number of them; none unless said. */
  readonly more: Kind | undefined;
  readonly call: (given: readonly Value[]) => Value;
}

/** A function. @param more the kind of further arguments, if it takes any number */
export function callable<const Given extends readonly Kind[], More extends Kind = never>(
  kinds: Given,
  work: (...given: [...Arguments<Given>, ...Kinds[More][]]) => Value,
  more?: More,
): Callable {
  return { kinds, more, call: (given) => (work as (...all: readonly unknown[]) => Value)(...given) };
}

const GO_TYPES: Readonly<Record<Exclude<Kind, "any">, string>> = {
  text: "string",
  int: "int",
  float: "float64",
  bool: "bool",
  list: "list",
  dictionary: "map[string]interface {}",
  time: "time.Time",
};

/** A value as an argument of a kind. @throws Error when it is of another */
export function argument(kind: Kind, value: Value): Value {
  if (fits(kind, value)) return kind === "int" || kind === "float" ? Number(value) : value;
  throw new Error(`expected ${GO_TYPES[kind as Exclude<Kind, "any">]}, not ${typeOf(value)}`);
}

function fits(kind: Kind, value: Value): boolean {
  switch (kind) {
    case "any":
      return true;
    case "text":
      return typeof value === "string";
    case "int":
      return typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
    case "float":
      return typeof value === "bigint" || typeof value === "number";
    case "bool":
      return typeof value === "boolean";
    case "list":
      return isList(value);
    case "dictionary":
      return isDictionary(value);
    case "time":
      return value instanceof Date;
  }
}
