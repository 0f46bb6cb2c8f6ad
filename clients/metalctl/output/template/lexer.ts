// A template as tokens: the text between actions, and the words in them (Go's text/template/parse).
import { Mistake } from "./mistake.ts";

export type Kind =
  | "text"
  | "open"
  | "close"
  | "word"
  | "field"
  | "dot"
  | "variable"
  | "number"
  | "string"
  | "raw"
  | "character"
  | ":="
  | "="
  | "|"
  | "("
  | ")"
  | ","
  | "end of template";

export interface Token {
  readonly kind: Kind;
  readonly text: string;
  /** Offset in the template. */
  readonly at: number;
  /** Whether a blank stands before it: ".a .b" are two operands, ".a.b" is one. */
  readonly spaced: boolean;
}

const SPACE = /[ \t\r\n]+/y;
/** Tried in this order. */
const WORDS: readonly (readonly [kind: Kind, pattern: RegExp])[] = [
  ["number", /[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y],
  ["field", /\.[\p{L}\p{Nd}_]+/uy],
  ["dot", /\./y],
  ["variable", /\$[\p{L}\p{Nd}_]*/uy],
  ["word", /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ["string", /"(?:\\[^\n]|[^"\\\n])*"/y],
  ["raw", /`[^`]*`/y],
  ["character", /'(?:\\[^\n]|[^'\\\n])*'/y],
  [":=", /:=/y],
  ["=", /=/y],
  ["|", /\|/y],
  ["(", /\(/y],
  [")", /\)/y],
  [",", /,/y],
];
const UNENDED: Readonly<Record<string, string>> = {
  '"': "the text does not end",
  "`": "the text does not end",
  "'": "the character does not end",
  ":": 'expected ":="',
};

/** What ends an action, with the mark that takes the blanks behind it away. */
const CLOSE = /[ \t\r\n]+-\}\}[ \t\r\n]*|\}\}/y;
const COMMENT = /\/\*/y;
const COMMENT_CLOSE = /\*\/(?:[ \t\r\n]+-\}\}[ \t\r\n]*|\}\})/y;

/** @throws Mistake for what is no token */
export function tokensOf(template: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(template)?.[0];
  };

  while (at < template.length) {
    const open = template.indexOf("{{", at);
    const end = open === -1 ? template.length : open;
    const trims = open !== -1 && /^-[ \t\r\n]/.test(template.slice(open + 2, open + 4));
    const text = trims ? template.slice(at, end).replace(/[ \t\r\n]+$/, "") : template.slice(at, end);
    if (text !== "") tokens.push({ kind: "text", text, at, spaced: false });
    if (open === -1) break;
    at = open + (trims ? 3 : 2);
    // A comment stands right behind the braces, or behind the mark's blank.
    const blank = trims ? 1 : 0;
    at += blank;
    if (match(COMMENT)) {
      const close = template.indexOf("*/", at + 2);
      if (close === -1) throw new Mistake("the comment does not end", open);
      at = close;
      const ended = match(COMMENT_CLOSE);
      if (ended === undefined) throw new Mistake("a comment must fill its action: {{/* … */}}", close);
      at += ended.length;
      continue;
    }
    at -= blank;
    tokens.push({ kind: "open", text: "{{", at: open, spaced: false });
    at = action(open);
  }
  tokens.push({ kind: "end of template", text: "", at: template.length, spaced: false });
  return tokens;

  /** The tokens of one action. @returns where it ends */
  function action(open: number): number {
    for (;;) {
      const close = match(CLOSE);
      if (close !== undefined) {
        tokens.push({ kind: "close", text: "}}", at, spaced: true });
        return at + close.length;
      }
      const space = match(SPACE) ?? "";
      at += space.length;
      if (match(CLOSE) !== undefined) continue;
      if (at >= template.length) throw new Mistake("the action does not end: }} is missing", open);
      const found = WORDS.map(([kind, pattern]) => [kind, match(pattern)] as const).find(
        ([, text]) => text !== undefined,
      );
      if (found === undefined) {
        const character = String.fromCodePoint(template.codePointAt(at)!);
        throw new Mistake(UNENDED[character] ?? `"${character}" has no meaning here`, at);
      }
      const [kind, text = ""] = found;
      tokens.push({ kind, text, at, spaced: space !== "" });
      at += text.length;
    }
  }
}
