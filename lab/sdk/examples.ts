// The examples of a README: each is a program of its own, and `// → text` behind a line says what it prints.

export interface Example {
  /** "client.ts" when its first line says so, else its number. */
  readonly file: string;
  readonly code: string;
  /** In this order. */
  readonly prints: readonly string[];
}

export function examplesIn(markdown: string): Example[] {
  return [...markdown.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code], at) => ({
    file: /^\/\/ ([\w-]+\.ts)\n/.exec(code!)?.[1] ?? `example-${at}.ts`,
    code: code!,
    prints: [...code!.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text!),
  }));
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
