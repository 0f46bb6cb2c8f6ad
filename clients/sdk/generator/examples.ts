// The examples of generated calls: what is said of a call in an editor is a paragraph of a program in examples/, which tests run.

/** Paragraphs of programs, without their imports. */
export type Paragraphs = readonly string[];

/** @param programs sources, which are formatted: an empty line between two statements ends a paragraph */
export const paragraphsOf = (programs: readonly string[]): Paragraphs =>
  programs.flatMap((program) =>
    program
      .trimEnd()
      .split(/\n\n(?=\S)/)
      .filter((paragraph) => !paragraph.startsWith("import ")),
  );

/** @throws Error when no program shows the call: there is no call without an example */
export function exampleOf(paragraphs: Paragraphs, noun: string, call: string): string {
  const shown = new RegExp(`\\bclient\\.${noun}\\s*\\.${call}\\(`);
  const found = paragraphs.find((paragraph) => shown.test(paragraph));
  if (found === undefined) throw new Error(`no program in clients/sdk/examples calls client.${noun}.${call}`);
  return found;
}
