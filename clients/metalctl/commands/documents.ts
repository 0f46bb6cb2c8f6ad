// Documents from files: YAML or JSON, several in one file, "-" for standard input.
import { readFileSync } from "node:fs";
import { loadAll, YAMLException } from "js-yaml";
import type { Doc } from "../resources/resource.ts";

/** @throws Error naming the file when it cannot be read or holds anything but documents */
export function readDocuments(file: string): Doc[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new Error(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
  const documents = parse(text, file)
    .filter((document) => document !== null && document !== undefined)
    .flat();
  for (const document of documents) {
    if (typeof document !== "object")
      throw new Error(`${file}: expected documents with fields, found ${JSON.stringify(document)}`);
  }
  return documents as Doc[];
}

function parse(text: string, file: string): unknown[] {
  try {
    return loadAll(text);
  } catch (error) {
    if (!(error instanceof YAMLException) || !error.mark) throw error;
    const { line, column, snippet } = error.mark;
    const where = `${file}, line ${line + 1}, column ${column + 1}: ${error.reason}`;
    throw new Error(snippet ? `${where}\n\n${snippet}` : where, { cause: error });
  }
}
