// What a new installation begins with: tenants and projects in the *.yaml files of a folder, several in a file, as the
// original's initdb.d. Who mounts such a folder wants all of it: it is applied as a whole, or the start fails.
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ConfigurationError } from "@metal-stack/service";
import { loadAll } from "js-yaml";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Db, Tx } from "./database/schema.ts";
import { projects, tenants } from "./stores.ts";

type Store = typeof tenants | typeof projects;
/** Tenants first, whatever the order in the files: projects point at them. */
const STORES: readonly Store[] = [tenants, projects];
const API_VERSION = "v1";

interface Seed {
  readonly file: string;
  readonly document: { readonly meta: { readonly kind: string; readonly id: string } };
}

/**
 * Creates what is not there, and replaces what has a lower `meta.version` than its seed; returns the ids of both. A folder
 * that is not there has no seeds. Throws ConfigurationError, naming the file.
 */
export async function applySeeds(db: Db, folder: string): Promise<string[]> {
  const seeds = readSeeds(folder);
  return db.transaction().execute(async (tx) => {
    const applied: string[] = [];
    for (const store of STORES)
      for (const seed of seeds.filter(({ document }) => document.meta.kind === store.kind)) {
        try {
          if (await apply(tx, store as typeof tenants, seed)) applied.push(seed.document.meta.id);
        } catch (error) {
          if (error instanceof ConfigurationError) throw error;
          throw wrong(seed.file, `${seed.document.meta.id}: ${(error as Error).message}`);
        }
      }
    return applied;
  });
}

function wrong(file: string, what: string): ConfigurationError {
  return new ConfigurationError(`the seed file ${file} cannot be applied: ${what}`);
}

function readSeeds(folder: string): Seed[] {
  let files: string[];
  try {
    files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return [];
    throw new ConfigurationError(`the seed folder ${folder} cannot be read: ${(error as Error).message}`);
  }
  return files.toSorted().flatMap((file) => {
    let documents: unknown[];
    try {
      documents = loadAll(readFileSync(join(folder, file), "utf8"));
    } catch (error) {
      throw wrong(file, (error as Error).message);
    }
    return documents
      .filter((document) => document !== null && document !== undefined)
      .map((document) => {
        checkMeta(file, (document as { meta?: Record<string, unknown> }).meta);
        return { file, document: document as Seed["document"] };
      });
  });
}

function checkMeta(file: string, meta: Record<string, unknown> | undefined): void {
  const kinds = STORES.map(({ kind }) => kind);
  if (!kinds.includes(String(meta?.["kind"])))
    throw wrong(file, `every document has a meta.kind of ${kinds.join(" or ")}`);
  if (meta?.["apiversion"] !== API_VERSION) throw wrong(file, `every document has the meta.apiversion ${API_VERSION}`);
  if (typeof meta["id"] !== "string" || meta["id"] === "") throw wrong(file, "every document has a meta.id");
}

async function apply(tx: Tx, store: typeof tenants, { document }: Seed): Promise<boolean> {
  const seed = fromJson(store.desc, plain(document), { ignoreUnknownFields: true });
  const { id, version } = seed.meta!;
  const stored = await store.get(tx, id, "changed").catch((error: unknown) => {
    if (ConnectError.from(error).code === Code.NotFound) return undefined;
    throw error;
  });
  if (!stored) await store.create(tx, seed);
  else if (stored.meta!.version < version) {
    // An update counts one up: so that it ends at the seed's version, and happens once.
    await store.update(tx, { ...seed, meta: { ...seed.meta!, version: version - 1n } });
  } else return false;
  return true;
}

/** The original's files have wrapped numbers as Go has them, `quota: {value: 3}`; protobuf's JSON has the number alone. */
function plain(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value as JsonValue;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]![0] === "value" && typeof entries[0]![1] === "number") return entries[0]![1];
  return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner)]));
}
