// Documents from files: YAML or JSON, several in one file, "-" for standard input.
import { readFileSync } from "node:fs";
import { loadAll } from "js-yaml";
import type { Doc } from "../resources/resource.ts";

/** @throws Error naming the file when it cannot be read or holds anything but documents */
export function readDocuments(file: string): Doc[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new Error(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
  const documents = loadAll(text)
    .filter((document) => document !== null && document !== undefined)
    .flat();
  for (const document of documents) {
    if (typeof document !== "object")
      throw new Error(`${file}: expected documents with fields, found ${JSON.stringify(document)}`);
  }
  return documents as Doc[];
}
