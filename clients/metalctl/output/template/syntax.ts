// What a template is made of, once parsed.
import type { Value } from "./values.ts";

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipe: Pipe }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: "template"; readonly name: string; readonly pipe: Pipe | undefined; readonly at: number }
  | { readonly kind: "break" | "continue" };

/** Commands whose values go into the next, and the variables that keep the last. */
export interface Pipe {
  readonly variables: readonly string[];
  /** Whether the variables are there already: "=" instead of ":=". */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
  readonly at: number;
}

/** A function or value with its arguments. */
export type Command = readonly [Operand, ...Operand[]];

export type Operand = { readonly at: number } & (
  | { readonly kind: "dot" | "nil" }
  | { readonly kind: "constant"; readonly value: Value }
  | { readonly kind: "function"; readonly name: string }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "pipe"; readonly pipe: Pipe }
  /** `.a.b` of dot, `$x.a.b`, `(…).a.b`. */
  | { readonly kind: "fields"; readonly of: Operand; readonly names: readonly string[] }
);

export interface Template {
  readonly body: readonly Node[];
  /** Those of {{define}} and {{block}}, by name. */
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}
