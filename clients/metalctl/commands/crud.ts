// The commands every resource has: list, describe, create, update, delete, apply, edit (reference/platform-services.md 3.2, 3.3).
import type { Command } from "commander";

import { ApiError, apiClient, type ApiClient, type GlobalFlags } from "../configuration.ts";
import { Refusal } from "../errors.ts";
import { print, printing } from "../output/printer.ts";
import { sortable, sortBy, type SortKeys } from "../output/sort.ts";
import { show, watchable } from "../output/watch.ts";
import { VERBS, type Doc, type Resource, type Verb } from "../resources/resource.ts";
import { fileAlone, forEachDocument, identity, shown, withFile } from "./bulk.ts";
import { edit } from "./documents.ts";
import { type Example, examples } from "./examples.ts";
import { addFlags, requestFromFlags } from "./request.ts";

const ALIASES: Readonly<Record<string, readonly string[]>> = {
  list: ["ls"],
  describe: ["get"],
  delete: ["destroy", "rm", "remove"],
};

/** Examples that all nouns have. */
function usualExamples({ name, example }: Resource): Readonly<Record<Verb, readonly Example[]>> {
  return {
    list: [
      ["all there are, with more columns", "-o wide"],
      ["the whole documents, for a program", "-o json"],
    ],
    describe: [
      ["all that is known, as YAML", example],
      ["the same as a file to change and apply", `${example} -o yaml > ${name}.yaml`],
    ],
    create: [["what a file describes; - is standard input", `-f ${name}.yaml`]],
    update: [["as a file says", `-f ${name}.yaml`]],
    apply: [
      ["create what is not there, update what is", `-f ${name}.yaml`],
      ["unattended: ask nothing, show a table at the end", "-f - --skip-security-prompts --bulk-output"],
    ],
    delete: [
      ["by its id", example],
      ["all that a file describes", `-f ${name}.yaml`],
    ],
    edit: [["in the editor that EDITOR names", example]],
  };
}

type Options = GlobalFlags & Record<string, unknown>;

const SORT_KEYS: SortKeys = { id: "id", name: "name", description: "description" };

/** The operations of a resource at the API, with its own ways where it has them. */
export function operations(resource: Resource, api: ApiClient, flags: Options = {}) {
  return {
    list: async (query: Doc): Promise<Doc[]> => {
      const also = new URLSearchParams(requestFromFlags(resource.listFlags ?? [], flags) as Record<string, string>);
      const suffix = also.size > 0 ? `?${also.toString()}` : "";
      const find = Object.keys(query).length > 0;
      const found = await (find
        ? api.post<Doc[] | null>(`${resource.path}/find${suffix}`, query)
        : api.get<Doc[] | null>(resource.path + suffix));
      return found ?? [];
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
  const verb = (name: Verb, usage: string, help: string) => {
    const command = group.command(usage).description(help);
    for (const alias of [...(ALIASES[name] ?? []), ...(resource.verbAliases?.[name] ?? [])]) command.alias(alias);
    return examples(command, ...usualExamples(resource)[name], ...(resource.examples?.[name] ?? []));
  };

  if (verbs.includes("list")) {
    const filters = resource.filters ?? [];
    const keys = resource.sortKeys ?? SORT_KEYS;
    const list = addFlags(verb("list", "list", `list all ${resource.name} entities`), [
      ...filters,
      ...(resource.listFlags ?? []),
      ...(resource.shownFlags ?? []),
    ]);
    watchable(sortable(list, keys)).action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<Options>();
      const ops = operations(resource, apiClient(flags), flags);
      await show(flags, async () => {
        const found = await ops.list(requestFromFlags(filters, flags));
        const rows = sortBy(found, flags["sortBy"], keys, resource.sort ?? Object.keys(keys)[0]!);
        return shown(resource, rows, flags, false);
      });
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
        print(shown(resource, [document], flags, true));
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
    addFlags(
      withFile(verb("delete", "delete [id]", resource.deleteHelp ?? `delete a ${resource.name}`)),
      resource.deleteFlags ?? [],
    ).action(async (id: string | undefined, _, command: Command) => {
      const flags = command.optsWithGlobals<Options>();
      const ops = operations(resource, apiClient(flags), flags);
      if (flags["file"])
        return forEachDocument(resource, flags, "delete", (document) => {
          const named = identity(resource, document);
          if (!named) throw new Refusal("it has no id");
          return ops.delete(named);
        });
      if (!id) throw new Refusal("nothing to delete", { next: "give the id, or a file with -f" });
      print(shown(resource, [await ops.delete(id)], flags, true));
    });
  }
  if (verbs.includes("edit")) {
    verb("edit", "edit <id>", `edit a ${resource.name} in $EDITOR`).action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Options>();
      const ops = operations(resource, apiClient(flags), flags);
      const document = await ops.get(id);
      const plain = api(resource, flags);
      const result = await edit(resource.toUpdate?.(document) ?? document, plain.update);
      print(result ? shown(resource, [result], flags, true) : "no changes were made");
    });
  }
  return group;
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
    if (flags["file"]) {
      fileAlone(self, own ?? []);
      return forEachDocument(resource, flags, how, write);
    }
    if (how === "apply")
      throw new Refusal("nothing to apply", { next: "give a file with -f, or - for standard input" });
    const request = requestFromFlags(own ?? [], flags);
    const id = typeof given[0] === "string" ? given[0] : undefined;
    if (how === "update" && id === undefined)
      throw new Refusal("nothing to update", {
        next: resource.updateFlags ? "give the id and what changes, or a file with -f" : "give a file with -f",
      });
    const result =
      how === "update"
        ? await api(resource, flags).update({ id, ...request })
        : await api(resource, flags).create(request);
    print(shown(resource, [result], flags, true));
  });
}

/** Requests from flags are request-shaped already: no conversion from a response. */
function api(resource: Resource, flags: Options) {
  const { toCreate: _create, toUpdate: _update, ...plain } = resource;
  return operations(plain, apiClient(flags), flags);
}
