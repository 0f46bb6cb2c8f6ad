// Tokens into a template. Its mistakes are told at once: functions and variables that are not there, loops that do not end.
import { type Kind, type Token, tokensOf } from "./lexer.ts";
import { numberOf, unquoted } from "./literals.ts";
import { Mistake } from "./mistake.ts";
import type { Command, Node, Operand, Pipe, Template } from "./syntax.ts";

const ENDS = ["end", "else"];

/** @param functions the names of all there are @throws Mistake */
export function parse(template: string, functions: ReadonlySet<string>): Template {
  return new Parser(tokensOf(template), functions).template();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  readonly #defined = new Map<string, readonly Node[]>();
  #at = 0;
  /** Variables in sight, the innermost last. */
  #variables = ["$"];
  /** How many loops are around. */
  #loops = 0;

  constructor(tokens: readonly Token[], functions: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#functions = functions;
  }

  template(): Template {
    const { nodes, end } = this.#list();
    if (end.kind === "word") throw new Mistake(`{{${end.text}}} ends nothing`, end.at);
    return { body: nodes, defined: this.#defined };
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #take(kind: Kind, what: string = kind): Token {
    const token = this.#next;
    if (token.kind !== kind) throw unexpected(token, what);
    this.#at++;
    return token;
  }

  #taken(kind: Kind): boolean {
    if (this.#next.kind !== kind) return false;
    this.#at++;
    return true;
  }

  /** Nodes up to {{end}}, {{else}} or the end of all, whose first word is taken. */
  #list(): { nodes: Node[]; end: Token } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#next;
      this.#at++;
      if (token.kind === "end of template") return { nodes, end: token };
      if (token.kind === "text") {
        nodes.push({ kind: "text", text: token.text });
        continue;
      }
      // What is neither is the begin of an action.
      const word = this.#next;
      if (word.kind === "word" && ENDS.includes(word.text)) {
        this.#at++;
        return { nodes, end: word };
      }
      const node = this.#action(word);
      if (node) nodes.push(node);
    }
  }

  #action(word: Token): Node | undefined {
    if (word.kind === "word") {
      switch (word.text) {
        case "if":
        case "with":
        case "range":
          this.#at++;
          return this.#control(word.text, word);
        case "break":
        case "continue":
          this.#at++;
          if (this.#loops === 0) throw new Mistake(`{{${word.text}}} stands in no {{range}}`, word.at);
          this.#take("close", "}}");
          return { kind: word.text };
        case "define":
          this.#at++;
          this.#define(word);
          return undefined;
        case "block":
        case "template": {
          this.#at++;
          const name = this.#name();
          const pipe = word.text === "block" || this.#next.kind !== "close" ? this.#pipe("}}") : undefined;
          this.#take("close", "}}");
          if (word.text === "block") this.#body(name, word);
          return { kind: "template", name, pipe, at: word.at };
        }
      }
    }
    const pipe = this.#pipe("}}", "print");
    this.#take("close", "}}");
    return { kind: "print", pipe };
  }

  #control(kind: "if" | "with" | "range", word: Token): Node {
    const outside = this.#variables.length;
    const pipe = this.#pipe("}}", kind);
    this.#take("close", "}}");
    if (kind === "range") this.#loops++;
    const inside = this.#variables.length;
    const { nodes: body, end } = this.#list();
    this.#variables.length = inside;
    if (kind === "range") this.#loops--;
    const otherwise = this.#otherwise(kind, word, end);
    this.#variables.length = outside;
    return { kind, pipe, body, otherwise };
  }

  /** What follows {{else}}; nothing when the block ends. */
  #otherwise(kind: "if" | "with" | "range", begin: Token, end: Token): readonly Node[] {
    if (end.kind !== "word") throw new Mistake(`{{${begin.text}}} is not ended: {{end}} is missing`, begin.at);
    if (end.text === "else") {
      const word = this.#next;
      if (word.kind === "word" && word.text === kind && kind !== "range") {
        // {{else if}} shares the {{end}} of its {{if}}.
        this.#at++;
        return [this.#control(kind, word)];
      }
      this.#take("close", "}}");
      const { nodes, end: last } = this.#list();
      if (last.kind !== "word") throw new Mistake(`{{${begin.text}}} is not ended: {{end}} is missing`, begin.at);
      if (last.text === "else") throw new Mistake("a second {{else}}", last.at);
      this.#take("close", "}}");
      return nodes;
    }
    this.#take("close", "}}");
    return [];
  }

  #name(): string {
    const token = this.#next;
    if (token.kind !== "string" && token.kind !== "raw") throw unexpected(token, "the name of a template in quotes");
    this.#at++;
    return unquoted(token);
  }

  #define(word: Token): void {
    const name = this.#name();
    this.#take("close", "}}");
    this.#body(name, word);
  }

  /** A template of its own: it sees no variables, and no loop. */
  #body(name: string, word: Token): void {
    const [variables, loops] = [this.#variables, this.#loops];
    [this.#variables, this.#loops] = [["$"], 0];
    const { nodes, end } = this.#list();
    if (end.kind !== "word") throw new Mistake(`{{${word.text}}} is not ended: {{end}} is missing`, word.at);
    if (end.text === "else") throw new Mistake(`{{else}} in {{${word.text}}}`, end.at);
    this.#take("close", "}}");
    [this.#variables, this.#loops] = [variables, loops];
    this.#defined.set(name, nodes);
  }

  /** A pipe up to what ends it, which is left. */
  #pipe(ends: "}}" | ")", of = ""): Pipe {
    const { at } = this.#next;
    const { variables, assigns } = this.#declaration(of);
    const commands: Command[] = [];
    do commands.push(this.#command(ends, commands.length > 0));
    while (this.#taken("|"));
    const end: Kind = ends === ")" ? ")" : "close";
    if (this.#next.kind !== end) throw unexpected(this.#next, `an operand, "|" or ${ends}`);
    // Seen from now on: "$x := $x" has the outer one on its right.
    if (!assigns) this.#variables.push(...variables);
    return { variables, assigns, commands, at };
  }

  /** "$x :=", "$x =" and, of range, "$i, $x :=". */
  #declaration(of: string): Pick<Pipe, "variables" | "assigns"> {
    const begin = this.#at;
    const names: Token[] = [];
    while (this.#next.kind === "variable" && names.length < 2) {
      names.push(this.#take("variable"));
      if (!this.#taken(",")) break;
    }
    const assigns = this.#next.kind === "=";
    if (names.length === 0 || !(assigns || this.#next.kind === ":=")) {
      this.#at = begin;
      return { variables: [], assigns: false };
    }
    this.#at++;
    if (names.length > 1 && of !== "range") throw new Mistake("only {{range}} has two variables", names[1]!.at);
    if (assigns) for (const name of names) this.#known(name);
    return { variables: names.map(({ text }) => text), assigns };
  }

  #known({ text, at }: Token): void {
    if (!this.#variables.includes(text)) throw new Mistake(`there is no variable ${text}`, at);
  }

  #command(ends: "}}" | ")", later: boolean): Command {
    const operands: Operand[] = [];
    for (;;) {
      const token = this.#next;
      if (token.kind === "|" || token.kind === ")" || token.kind === "close" || token.kind === "end of template") break;
      if (operands.length > 0 && !token.spaced) throw unexpected(token, "a blank");
      operands.push(this.#operand());
    }
    const [first, ...more] = operands;
    if (!first) throw unexpected(this.#next, `a value before ${ends}`);
    if (later && (first.kind === "constant" || first.kind === "dot" || first.kind === "nil"))
      throw new Mistake("what comes behind | must be a function", first.at);
    return [first, ...more];
  }

  #operand(): Operand {
    const term = this.#term();
    const names: string[] = [];
    while (this.#next.kind === "field" && !this.#next.spaced) names.push(this.#take("field").text.slice(1));
    if (names.length === 0) return term;
    if (term.kind === "constant" || term.kind === "nil") throw new Mistake("a constant has no fields", term.at);
    if (term.kind === "fields") return { ...term, names: [...term.names, ...names] };
    return { kind: "fields", of: term, names, at: term.at };
  }

  #term(): Operand {
    const token = this.#next;
    const { at, text } = token;
    this.#at++;
    switch (token.kind) {
      case "dot":
        return { kind: "dot", at };
      case "field":
        return { kind: "fields", of: { kind: "dot", at }, names: [text.slice(1)], at };
      case "variable":
        this.#known(token);
        return { kind: "variable", name: text, at };
      case "number":
        return { kind: "constant", value: numberOf(token), at };
      case "string":
      case "raw":
        return { kind: "constant", value: unquoted(token), at };
      case "character":
        return { kind: "constant", value: BigInt(unquoted(token).codePointAt(0) ?? 0), at };
      case "(": {
        const pipe = this.#pipe(")");
        this.#take(")");
        return { kind: "pipe", pipe, at };
      }
      case "word":
        if (text === "true" || text === "false") return { kind: "constant", value: text === "true", at };
        if (text === "nil") return { kind: "nil", at };
        if (!this.#functions.has(text)) throw new Mistake(`there is no function "${text}"`, at);
        return { kind: "function", name: text, at };
      default:
        throw unexpected(token, "a field, variable, function or value");
    }
  }
}

function unexpected({ kind, text, at }: Token, wanted: string): Mistake {
  const found = kind === "end of template" ? "the template ends" : `there is "${text}"`;
  return new Mistake(`expected ${wanted}, but ${found}`, at);
}
