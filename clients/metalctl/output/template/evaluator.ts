// A template filled from a value.
import { text } from "./format.ts";
import { argument, type Callable } from "./functions/function.ts";
import { Mistake } from "./mistake.ts";
import type { Command, Node, Operand, Pipe, Template } from "./syntax.ts";
import { entryOf, isDictionary, isList, isTrue, keysOf, typeOf, type Value } from "./values.ts";

/** So deep templates may call each other. */
const DEEPEST = 1_000;
/** Results behind which the rest is not evaluated. */
const SHORT: Readonly<Record<string, boolean>> = { and: false, or: true };
/** Functions that the evaluator itself is. */
export const CONTROLS: readonly string[] = Object.keys(SHORT);

type Control = Extract<Node, { readonly kind: "if" | "with" | "range" }>;

/** How a list of nodes ended. */
type Left = "break" | "continue" | undefined;

export function evaluate(template: Template, functions: Readonly<Record<string, Callable>>, value: Value): string {
  return new Evaluator(template, functions).run(value);
}

class Evaluator {
  readonly #template: Template;
  readonly #functions: Readonly<Record<string, Callable>>;
  readonly #written: string[] = [];
  /** The innermost last; of two of a name that one counts. */
  #variables: { readonly name: string; value: Value }[] = [];
  #depth = 0;

  constructor(template: Template, functions: Readonly<Record<string, Callable>>) {
    this.#template = template;
    this.#functions = functions;
  }

  run(value: Value): string {
    this.#variables = [{ name: "$", value }];
    this.#walk(this.#template.body, value);
    return this.#written.join("");
  }

  #walk(nodes: readonly Node[], dot: Value): Left {
    for (const node of nodes) {
      const left = this.#node(node, dot);
      if (left) return left;
    }
    return undefined;
  }

  #node(node: Node, dot: Value): Left {
    switch (node.kind) {
      case "text":
        this.#written.push(node.text);
        return undefined;
      case "print": {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0)
          this.#written.push(value === undefined || value === null ? "<no value>" : text(value));
        return undefined;
      }
      case "if":
      case "with":
        return this.#scope(() => {
          const value = this.#pipe(node.pipe, dot);
          if (!isTrue(value)) return this.#walk(node.otherwise, dot);
          return this.#walk(node.body, node.kind === "with" ? value : dot);
        });
      case "range":
        return this.#scope(() => this.#range(node, dot));
      case "template":
        this.#called(node, dot);
        return undefined;
      default:
        return node.kind;
    }
  }

  /** Variables declared within end with it. */
  #scope<T>(work: () => T): T {
    const outside = this.#variables.length;
    const result = work();
    this.#variables.length = outside;
    return result;
  }

  #range({ pipe, body, otherwise }: Control, dot: Value): Left {
    const value = this.#evaluated(pipe, dot);
    const entries = entriesOf(value, pipe);
    for (const [key, entry] of entries) {
      const left = this.#scope(() => {
        const values = pipe.variables.length > 1 ? [key, entry] : [entry];
        this.#keep(pipe, values);
        return this.#walk(body, entry);
      });
      if (left === "break") break;
    }
    return entries.length === 0 ? this.#walk(otherwise, dot) : undefined;
  }

  #called({ name, pipe, at }: Extract<Node, { kind: "template" }>, dot: Value): void {
    const body = this.#template.defined.get(name);
    if (!body) throw new Mistake(`there is no template "${name}"`, at);
    if (++this.#depth > DEEPEST) throw new Mistake(`templates call each other more than ${DEEPEST} times`, at);
    const value = pipe && this.#pipe(pipe, dot);
    const outside = this.#variables;
    this.#variables = [{ name: "$", value }];
    this.#walk(body, value);
    this.#variables = outside;
    this.#depth--;
  }

  #pipe(pipe: Pipe, dot: Value): Value {
    const value = this.#evaluated(pipe, dot);
    this.#keep(pipe, [value]);
    return value;
  }

  #keep({ variables, assigns }: Pipe, values: readonly Value[]): void {
    for (const [at, name] of variables.entries())
      if (assigns) this.#variables.findLast((each) => each.name === name)!.value = values[at];
      else this.#variables.push({ name, value: values[at] });
  }

  /** The value of the last command; each goes into the next as its last argument. */
  #evaluated({ commands }: Pipe, dot: Value): Value {
    const [first, ...more] = commands;
    return more.reduce((value, command) => this.#command(command, dot, [value]), this.#command(first!, dot, []));
  }

  #command([first, ...operands]: Command, dot: Value, piped: readonly Value[]): Value {
    if (first.kind === "function") return this.#call(first.name, first.at, operands, piped, dot);
    const stray = operands[0]?.at ?? (piped.length > 0 ? first.at : undefined);
    if (stray !== undefined) throw new Mistake("only functions take arguments", stray);
    if (first.kind === "nil") throw new Mistake("nil is no command", first.at);
    return this.#operand(first, dot);
  }

  #call(name: string, at: number, operands: readonly Operand[], piped: readonly Value[], dot: Value): Value {
    if (CONTROLS.includes(name)) return this.#short(name, at, operands, piped, dot);
    const { kinds, more, call } = this.#functions[name]!;
    const count = operands.length + piped.length;
    if (count < kinds.length || (count > kinds.length && more === undefined))
      throw new Mistake(`${name} takes ${kinds.length}${more ? " or more" : ""} arguments, not ${count}`, at);
    const places = [...operands.map((operand) => operand.at), ...piped.map(() => at)];
    const values = [...operands.map((operand) => this.#operand(operand, dot)), ...piped];
    const given = values.map((value, position) =>
      placed(() => argument(kinds[position] ?? more!, value), name, places[position]!),
    );
    return placed(() => call(given), name, at);
  }

  /** `and` and `or`: the first argument that decides, else the last. */
  #short(name: string, at: number, operands: readonly Operand[], piped: readonly Value[], dot: Value): Value {
    if (operands.length + piped.length === 0) throw new Mistake(`${name} takes 1 or more arguments, not 0`, at);
    let value: Value;
    for (const operand of operands) {
      value = this.#operand(operand, dot);
      if (isTrue(value) === SHORT[name]) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, dot: Value): Value {
    switch (operand.kind) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "constant":
        return operand.value;
      case "variable":
        return this.#variables.findLast(({ name }) => name === operand.name)!.value;
      case "function":
        return this.#call(operand.name, operand.at, [], [], dot);
      case "pipe":
        return this.#scope(() => this.#pipe(operand.pipe, dot));
      case "fields":
        return operand.names.reduce<Value>(
          (value, name) => fieldOf(value, name, operand.at),
          this.#operand(operand.of, dot),
        );
    }
  }
}

/** What is not there has no fields either; anything but a dictionary is a mistake. */
function fieldOf(value: Value, name: string, at: number): Value {
  if (value === undefined || value === null) return undefined;
  if (!isDictionary(value)) throw new Mistake(`there is no field ${name} in a ${typeOf(value)}`, at);
  return entryOf(value, name);
}

/** Keys and entries that {{range}} goes through; a number counts up to it. */
function entriesOf(value: Value, { at, variables }: Pipe): (readonly [key: Value, entry: Value])[] {
  if (value === undefined || value === null) return [];
  if (isList(value)) return value.map((entry, index) => [BigInt(index), entry] as const);
  if (isDictionary(value)) return keysOf(value).map((key) => [key, value[key]] as const);
  if (typeof value === "bigint" && variables.length < 2)
    return Array.from({ length: Math.max(0, Number(value)) }, (_, count) => [undefined, BigInt(count)] as const);
  throw new Mistake(`{{range}} cannot go through a ${typeOf(value)}`, at);
}

/** A function's complaint, with its name and place. */
function placed(work: () => Value, name: string, at: number): Value {
  try {
    return work();
  } catch (error) {
    throw error instanceof Mistake ? error : new Mistake(`${name}: ${(error as Error).message}`, at);
  }
}
