// The commands every resource has: list, describe, create, update, delete, apply, edit (reference/platform-services.md 3.2, 3.3).
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { dump, load } from "js-yaml";

import { ApiError, apiClient, type ApiClient, type GlobalFlags } from "../configuration.ts";
import { isTabular, printing, render } from "../output/printer.ts";
import { sortBy, type SortKeys } from "../output/sort.ts";
import { field, VERBS, type Doc, type Resource } from "../resources/resource.ts";
import { readDocuments } from "./documents.ts";
import { addFlags, requestFromFlags } from "./request.ts";

const ALIASES: Readonly<Record<string, readonly string[]>> = {
  list: ["ls"],
  describe: ["get"],
  delete: ["destroy", "rm", "remove"],
};

type Options = GlobalFlags & Record<string, unknown>;

const SORT_KEYS: SortKeys = { id: "id", name: "name", description: "description" };

const identity = (resource: Resource, document: Doc) => (resource.id ?? field("id"))(document);

/** The operations of a resource at the API, with its own ways where it has them. */
export function operations(resource: Resource, api: ApiClient, flags: Options = {}) {
  return {
    list: async (query: Doc): Promise<Doc[]> => {
      const find = Object.keys(query).length > 0;
      const found = await (find
        ? api.post<Doc[] | null>(`${resource.path}/find`, query)
        : api.get<Doc[] | null>(resource.path));
      const sort = resource.sort ?? ((document: Doc) => identity(resource, document));
      return (found ?? []).sort((a, b) => (sort(a) < sort(b) ? -1 : 1));
    },
    get: (id: string) => api.get<Doc>(`${resource.path}/${encodeURIComponent(id)}`),
    create: (document: Doc) => {
      const request = resource.toCreate?.(document) ?? document;
      return resource.create ? resource.create(api, request) : api.put<Doc>(resource.path, request);
    },
    update: (document: Doc) => {
      const request = resource.toUpdate?.(document) ?? document;
      return resource.update ? resource.update(api, request, flags) : api.post<Doc>(resource.path, request);
    },
    delete: (id: string) =>
      resource.delete ? resource.delete(api, id, flags) : api.delete<Doc>(`${resource.path}/${encodeURIComponent(id)}`),
  };
}

/** Adds the command group of a resource, with all its generic verbs, and returns it for more. */
export function addResource(parent: Command, resource: Resource): Command {
  const group = parent.command(resource.name).description(resource.help);
  for (const alias of resource.aliases) group.alias(alias);
  const verbs = resource.verbs ?? VERBS;
  const verb = (name: string, usage: string, help: string) => {
    const command = group.command(usage).description(help);
    for (const alias of ALIASES[name] ?? []) command.alias(alias);
    return command;
  };
  const print = (documents: Doc[], flags: Options, single: boolean) => {
    const how = printing(flags, single ? "yaml" : "table");
    const rows = isTabular(how.format)
      ? documents.flatMap((document) => resource.rows?.(document) ?? document)
      : documents;
    console.log(render(rows, resource.columns, how, single));
  };

  if (verbs.includes("list")) {
    const filters = resource.filters ?? [];
    const keys = resource.sortKeys ?? SORT_KEYS;
    addFlags(verb("list", "list", `list all ${resource.name} entities`), filters)
      .option("--sort-by <columns>", `column[:asc|desc],… of ${Object.keys(keys).join(", ")}`)
      .action(async (_, command: Command) => {
        const flags = command.optsWithGlobals<Options>();
        const found = await operations(resource, apiClient(flags)).list(requestFromFlags(filters, flags));
        print(sortBy(found, flags["sortBy"], keys), flags, false);
      });
  }
  if (verbs.includes("describe")) {
    verb("describe", "describe <id>", `describe one ${resource.name}`).action(
      async (id: string, _, command: Command) => {
        const flags = command.optsWithGlobals<Options>();
        const api = apiClient(flags);
        const document = await operations(resource, api).get(id);
        if (printing(flags, "yaml").format === "yaml")
          for (const line of (await resource.comment?.(api, id)) ?? []) console.log(line);
        print([document], flags, true);
      },
    );
  }
  if (verbs.includes("create")) addWriting(verb("create", "create", `create a ${resource.name}`), resource, "create");
  if (verbs.includes("update")) {
    addWriting(
      verb("update", resource.updateFlags ? "update [id]" : "update", `update a ${resource.name}`),
      resource,
      "update",
    );
  }
  if (verbs.includes("apply")) addWriting(verb("apply", "apply", `create or update from a file`), resource, "apply");
  if (verbs.includes("delete")) {
    addFlags(withFile(verb("delete", "delete [id]", `delete a ${resource.name}`)), resource.deleteFlags ?? []).action(
      async (id: string | undefined, _, command: Command) => {
        const flags = command.optsWithGlobals<Options>();
        const ops = operations(resource, apiClient(flags), flags);
        if (flags["file"])
          return forEachDocument(resource, flags, "deleted", (document) => ops.delete(identity(resource, document)));
        if (!id) throw new Error("give the id, or a file with -f");
        print([await ops.delete(id)], flags, true);
      },
    );
  }
  if (verbs.includes("edit")) {
    verb("edit", "edit <id>", `edit a ${resource.name} in $EDITOR`).action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Options>();
      const ops = operations(resource, apiClient(flags), flags);
      const edited = editDocument(await ops.get(id));
      if (edited === undefined) return console.log("no changes were made");
      print([await ops.update(edited)], flags, true);
    });
  }
  return group;
}

function withFile(command: Command): Command {
  return command
    .option("-f, --file <file>", "YAML or JSON documents, - for standard input")
    .option("--skip-security-prompts", "do not ask before each document of a file")
    .option("--bulk-output", "print one table at the end instead of a line a document")
    .option("--timestamps", "put the time before each line");
}

function addWriting(command: Command, resource: Resource, how: "create" | "update" | "apply"): void {
  const own = how === "create" ? resource.createFlags : how === "update" ? resource.updateFlags : [];
  addFlags(withFile(command), own ?? []).action(async (...given: unknown[]) => {
    const self = given.at(-1) as Command;
    const flags = self.optsWithGlobals<Options>();
    const ops = operations(resource, apiClient(flags), flags);
    const write = {
      create: ops.create,
      update: ops.update,
      // 409 is the API's word for "exists already"; anything else is an error.
      apply: (document: Doc) =>
        ops.create(document).catch((error: unknown) => {
          if (error instanceof ApiError && error.status === 409) return ops.update(document);
          throw error;
        }),
    }[how];
    if (flags["file"])
      return forEachDocument(resource, flags, { create: "created", update: "updated", apply: "applied" }[how], write);
    if (how === "apply") throw new Error("apply needs a file: -f");
    const request = requestFromFlags(own ?? [], flags);
    const id = typeof given[0] === "string" ? given[0] : undefined;
    const result =
      how === "update"
        ? await api(resource, flags).update({ id, ...request })
        : await api(resource, flags).create(request);
    console.log(render([result], resource.columns, printing(flags, "yaml"), true));
  });
}

/** Requests from flags are request-shaped already: no conversion from a response. */
function api(resource: Resource, flags: Options) {
  const { toCreate: _create, toUpdate: _update, ...plain } = resource;
  return operations(plain, apiClient(flags), flags);
}

/**
 * Works through all documents of a file. Errors are collected, the rest goes on, and the end tells which were done and
 * which failed: running it again completes it.
 */
async function forEachDocument(
  resource: Resource,
  flags: Options,
  done: string,
  work: (document: Doc) => Promise<Doc>,
): Promise<void> {
  const documents = readDocuments(field("file")(flags));
  const ask = process.stdin.isTTY && flags["skipSecurityPrompts"] !== true && flags["file"] !== "-";
  const bulk = flags["bulkOutput"] === true;
  const stamp = () => (flags["timestamps"] === true ? `${new Date().toISOString()} ` : "");
  const results: Doc[] = [];
  const failed: string[] = [];
  for (const [index, document] of documents.entries()) {
    if (ask && !(await confirmed(document))) continue;
    try {
      const result = await work(document);
      results.push(result);
      if (!bulk) console.log(`${stamp()}${done} ${nameOf(result) || identity(resource, document)}`);
    } catch (error) {
      failed.push(`${index + 1} (${identity(resource, document) || field("name")(document) || "no id"})`);
      const reason = (error as Error).message;
      console.error(`${stamp()}Error: document ${failed.at(-1)}: ${reason}${statusOf(error)}`);
    }
  }
  if (bulk) console.log(render(results, resource.columns, printing(flags)));
  if (failed.length > 0) {
    const rest = results.length === 0 ? "nothing" : results.map(nameOf).join(", ");
    throw new Error(`${failed.length} of ${documents.length} documents failed: ${failed.join(", ")}; ${done}: ${rest}`);
  }
}

const nameOf = (document: Doc): string =>
  ["id", "meta.id", "ipaddress"].map((path) => field(path)(document)).find(Boolean) ?? "";

const statusOf = (error: unknown): string => (error instanceof ApiError ? ` (HTTP ${error.status})` : "");

async function confirmed(document: Doc): Promise<boolean> {
  console.log(dump(document));
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await lines.question(`continue? [Y/n] `);
  lines.close();
  return ["", "y", "yes"].includes(answer.trim().toLowerCase());
}

function editDocument(document: Doc): Doc | undefined {
  const folder = mkdtempSync(join(tmpdir(), "metalctl-"));
  const file = join(folder, "edit.yaml");
  try {
    const before = dump(document);
    writeFileSync(file, before, { mode: 0o600 });
    const editor = process.env["EDITOR"] ?? "vi";
    const result = spawnSync(editor, [file], { stdio: "inherit", shell: true });
    if (result.status !== 0) throw new Error(`${editor} ended with code ${result.status ?? "none"}`);
    const after = readFileSync(file, "utf8");
    return after === before ? undefined : (load(after) as Doc);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
