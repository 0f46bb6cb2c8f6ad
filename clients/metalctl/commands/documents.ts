// Documents from files: YAML or JSON, several in one file, "-" for standard input; and from an editor.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAll, YAMLException } from "js-yaml";
import { Refusal } from "../errors.ts";
import { yaml } from "../output/printer.ts";
import { readText } from "./request.ts";
import type { Doc } from "../resources/resource.ts";

/** @throws Error naming the file when it cannot be read or holds anything but documents */
export function readDocuments(file: string): Doc[] {
  const name = file === "-" ? "standard input" : file;
  const documents = parse(readText(file), name)
    .filter((document) => document !== null && document !== undefined)
    .flat();
  for (const document of documents) {
    if (typeof document !== "object")
      throw new Refusal(`${name}: expected documents with fields, found ${JSON.stringify(document)}`);
  }
  return documents as Doc[];
}

/**
 * Lets somebody change a document in $EDITOR, and gives what they make of it to `apply`; nothing when it was left as it is.
 * When it cannot be taken, the file stays and the error names it: nobody types it twice.
 */
export async function edit<T>(document: Doc, apply: (edited: Doc) => Promise<T>): Promise<T | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "metalctl-"));
  const file = join(folder, "edit.yaml");
  const before = yaml(document);
  writeFileSync(file, before, { mode: 0o600 });
  const editor = process.env["EDITOR"] || "vi";
  // A shell, for editors with arguments; the name of the file is no part of what it reads.
  const { status } = spawnSync("sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" });
  const changed = readFileSync(file, "utf8") !== before;
  let result: T | undefined;
  if (changed) {
    try {
      const [edited, ...more] = readDocuments(file);
      if (!edited || more.length > 0) throw new Refusal("there must be one document");
      result = await apply(edited);
    } catch (error) {
      const { details, next = `mend it, then apply or update it with -f ${file}` } = error as Refusal;
      const kept = `What you wrote is in ${file}.`;
      throw new Refusal((error as Error).message, {
        details: details ? `${details}\n${kept}` : kept,
        next,
        cause: error,
      });
    }
  }
  rmSync(folder, { recursive: true });
  if (status !== 0 && !changed)
    throw new Refusal(`${editor} ended with code ${status ?? "none"}`, { next: "name your editor in EDITOR" });
  return result;
}

function parse(text: string, file: string): unknown[] {
  try {
    return loadAll(text);
  } catch (error) {
    if (!(error instanceof YAMLException) || !error.mark) throw error;
    const { line, column, snippet } = error.mark;
    const where = `${file}, line ${line + 1}, column ${column + 1}: ${error.reason}`;
    throw new Refusal(where, {
      details: snippet ?? undefined,
      next: "mend the file; nothing of it was done",
      cause: error,
    });
  }
}
