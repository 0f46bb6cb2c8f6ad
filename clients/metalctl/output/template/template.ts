// Templates of `-o template`: Go's text/template with sprig's functions, as the original has them (metal-lib, printers).
import { CONTROLS, evaluate } from "./evaluator.ts";
import { DICTIONARIES } from "./functions/dictionaries.ts";
import { ENCODINGS } from "./functions/encodings.ts";
import type { Callable } from "./functions/function.ts";
import { LANGUAGE } from "./functions/language.ts";
import { LISTS } from "./functions/lists.ts";
import { NUMBERS } from "./functions/numbers.ts";
import { PATTERNS } from "./functions/patterns.ts";
import { TEXTS } from "./functions/texts.ts";
import { TIMES } from "./functions/times.ts";
import { Mistake, refusalOf } from "./mistake.ts";
import { parse } from "./parser.ts";
import type { Value } from "./values.ts";

/** Of both names of `slice` Go's counts: it takes texts, too. */
export const FUNCTIONS: Readonly<Record<string, Callable>> = {
  ...TEXTS,
  ...LISTS,
  ...LANGUAGE,
  ...NUMBERS,
  ...DICTIONARIES,
  ...TIMES,
  ...ENCODINGS,
  ...PATTERNS,
};
const NAMES: ReadonlySet<string> = new Set([...CONTROLS, ...Object.keys(FUNCTIONS)]);

/** A template, ready to be filled. @throws Refusal that says where it is wrong, also from the function that it returns */
export function compile(template: string): (document: Value) => string {
  const placed = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw error instanceof Mistake ? refusalOf(error, template) : error;
    }
  };
  const parsed = placed(() => parse(template, NAMES));
  return (document) => placed(() => evaluate(parsed, FUNCTIONS, document));
}
