// Files of documents, worked through one by one (reference/platform-services.md 3.3).
import type { Command } from "commander";
import { ApiError, type GlobalFlags } from "../configuration.ts";
import { Refusal } from "../errors.ts";
import { isTabular, print, printing, render, yaml } from "../output/printer.ts";
import { field, type Doc, type Flag, type Resource } from "../resources/resource.ts";
import { readDocuments } from "./documents.ts";
import { confirmed } from "./prompt.ts";

type Options = GlobalFlags & Record<string, unknown>;

/** What is done to documents, when it is about to be and when it was; and how to complete a file that was done by half. */
const DEEDS = {
  create: ["creating", "created", "mend these and apply the file: what exists is updated"],
  update: ["updating", "updated", "mend these and update with the file again"],
  apply: ["applying", "applied", "mend these and apply the file again: what is applied stays as it is"],
  delete: ["deleting", "deleted", "mend these, take out what is deleted, and delete the rest"],
} as const;

export const identity = (resource: Resource, document: Doc) => (resource.id ?? field("id"))(document);

/** Documents of a resource in the format that the flags ask for. */
export function shown(resource: Resource, documents: readonly Doc[], flags: Options, single: boolean): string {
  const how = printing(flags, single ? "yaml" : "table");
  const rows = isTabular(how.format) ? (resource.rows?.(documents, flags) ?? documents) : documents;
  return render(rows, resource.columns, how, single);
}

export function withFile(command: Command): Command {
  return command
    .option("-f, --file <file>", "YAML or JSON documents, - for standard input")
    .option("--skip-security-prompts", "do not ask before each document of a file")
    .option("--bulk-output", "print one table at the end instead of a line a document")
    .option("--timestamps", "put the time before each line");
}

/** What a file says cannot be said by flags as well. @throws Refusal that names the first such flag */
export function fileAlone(command: Command, own: readonly Pick<Flag, "flags">[]): void {
  const also = command.options.find(
    (option) =>
      own.some(({ flags }) => flags === option.flags) && command.getOptionValueSource(option.attributeName()) === "cli",
  );
  if (also) throw new Refusal(`${also.long} goes not with a file`, { next: "say it in the file" });
}

/**
 * Works through all documents of a file. Errors are collected, the rest goes on, and the end tells which were done and
 * which failed: running it again completes it. Who says no before a document stops it there, as in the original.
 */
export async function forEachDocument(
  resource: Resource,
  flags: Options,
  deed: keyof typeof DEEDS,
  work: (document: Doc) => Promise<Doc>,
): Promise<void> {
  const [doing, done, next] = DEEDS[deed];
  const documents = readDocuments(field("file")(flags));
  // Nothing to do is done; but who meant something hears of it.
  if (documents.length === 0) console.error(`${field("file")(flags)} has no documents`);
  const ask =
    process.stdin.isTTY &&
    flags["skipSecurityPrompts"] !== true &&
    flags.yesIReallyMeanIt !== true &&
    flags["file"] !== "-";
  const bulk = flags["bulkOutput"] === true;
  const stamp = () => (flags["timestamps"] === true ? `${new Date().toISOString()} ` : "");
  const results: Doc[] = [];
  const failed: string[] = [];
  const soFar = () => `${done}: ${results.length === 0 ? "nothing" : results.map(nameOf).join(", ")}`;
  for (const [index, document] of documents.entries()) {
    const name = identity(resource, document) || field("name")(document) || "no id";
    if (ask && !(await confirmed(`${yaml(document)}\n\n${doing} "${name}"`)))
      throw new Refusal(`stopped before document ${index + 1} (${name}); ${soFar()}`);
    try {
      const result = await work(document);
      results.push(result);
      // A format that was asked for is for a program: it gets the documents alone.
      if (flags.outputFormat && !bulk) print(shown(resource, [result], flags, true));
      else if (!bulk) console.log(`${stamp()}${done} ${nameOf(result) || name}`);
    } catch (error) {
      failed.push(`${index + 1} (${name})`);
      console.error(`${stamp()}Error: document ${failed.at(-1)}: ${(error as Error).message}${statusOf(error)}`);
    }
  }
  if (bulk) print(shown(resource, results, flags, false));
  if (failed.length > 0)
    throw new Refusal(`${failed.length} of ${documents.length} documents failed: ${failed.join(", ")}; ${soFar()}`, {
      next,
    });
}

const nameOf = (document: Doc): string =>
  ["id", "meta.id", "ipaddress"].map((path) => field(path)(document)).find(Boolean) ?? "";

const statusOf = (error: unknown): string => (error instanceof ApiError ? ` (HTTP ${error.status})` : "");
