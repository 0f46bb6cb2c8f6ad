// Examples are programs: those of a README, those of doc comments, and those that are files. `// → text` behind a line says
// what it prints.

export interface Example {
  /** "client.ts" when its first line says so. */
  readonly file: string;
  readonly code: string;
  /** In this order. */
  readonly prints: readonly string[];
}

export const example = (file: string, code: string): Example => ({
  file,
  code,
  prints: [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text!),
});

export function examplesIn(markdown: string): Example[] {
  return [...markdown.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code], at) =>
    example(/^\/\/ ([\w-]+\.ts)\n/.exec(code!)?.[1] ?? `example-${at}.ts`, code!),
  );
}

/** A doc comment's last example before the name that it documents. */
const DOCUMENTED =
  /\/\*\*((?:(?!\*\/)[^])*)\*\/\n\s*(?:export )?(?:declare )?(?:async )?(?:function |const |class )?(\w+)/g;

/** The examples of doc comments, each in a file of the name that it is about. */
export function examplesOf(source: string): Example[] {
  return [...source.matchAll(DOCUMENTED)].flatMap(([, comment, name]) => {
    const text = comment!.replaceAll(/^ *\* ?/gm, "");
    return examplesIn(text).map(({ code }) => example(`${name}.ts`, code));
  });
}

/** What a program should have printed and did not, the first of it. */
export function missingIn(printed: string, prints: readonly string[]): string | undefined {
  let rest = printed;
  for (const text of prints) {
    const at = rest.indexOf(text);
    if (at < 0) return text;
    rest = rest.slice(at + text.length);
  }
  return undefined;
}
