import { readdirSync, readFileSync } from "node:fs";
import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIGRATIONS } from "./migrations.ts";
import type { Schema } from "./schema.ts";

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly defaulted: boolean;
}

let test: TestDatabase<Schema>;
let columns: Column[];

beforeAll(async () => {
  test = await testDatabase<Schema>(MIGRATIONS);
  const { rows } = await sql<Column>`
    select table_name as table, column_name as column, data_type as type, is_nullable = 'YES' as nullable,
           column_default is not null or is_identity = 'YES' as defaulted
    from information_schema.columns where table_schema = 'public' and table_name <> 'migrations'
    order by table_name, ordinal_position`.execute(test.db);
  columns = rows;
});
afterAll(() => test.drop());

/** Types are gone at run time, so the test reads them: interface bodies of schema.ts and tables/, `Entity` put in. */
function declaredColumns(): Map<string, Map<string, string>> {
  const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
  const tables = readdirSync(new URL("./tables/", import.meta.url)).filter((file) => file !== "entity.ts");
  const source = ["./schema.ts", "./tables/entity.ts", ...tables.map((file) => `./tables/${file}`)]
    .map(read)
    .join("\n");
  const fields = new Map<string, Map<string, string>>();
  for (const [, name, parent, body] of source.matchAll(/interface (\w+)(?: extends (\w+))? \{\n([\s\S]*?)\n\}/g)) {
    const own = [...body!.matchAll(/^ {2}(\w+): (.+);$/gm)].map(([, key, type]) => [key!, type!] as const);
    fields.set(name!, new Map([...(parent ? fields.get(parent)! : []), ...own]));
  }
  return new Map([...fields.get("Schema")!].map(([table, type]) => [table, fields.get(type)!]));
}

function allows(declared: string, column: Column): boolean {
  const nullable = /null$|^JsonOrNull/.test(declared);
  const defaulted = /^(Generated|JsonDefault|Timestamp|ReadOnly)/.test(declared) || nullable;
  const kinds: Record<string, RegExp> = {
    jsonb: /^Json/,
    bigint: /number/,
    integer: /number/,
    boolean: /boolean/,
    "timestamp with time zone": /Date|Timestamp/,
    ARRAY: /string\[\]/,
    bytea: /Buffer/,
    text: /string|"|DisksState|ReleasePhase/,
    inet: /string/,
    cidr: /string/,
  };
  return (
    kinds[column.type]!.test(declared) &&
    nullable === column.nullable &&
    defaulted === (column.defaulted || column.nullable)
  );
}

describe("the kysely schema", () => {
  it("has the tables and columns of the database", () => {
    const real = new Map<string, string[]>();
    for (const { table, column } of columns) real.set(table, [...(real.get(table) ?? []), column]);
    const declared = new Map([...declaredColumns()].map(([table, fields]) => [table, [...fields.keys()].sort()]));
    expect(declared).toEqual(new Map([...real].map(([table, names]) => [table, names.sort()])));
  });

  it("agrees with it on type, null and default of every column", () => {
    const declared = declaredColumns();
    const wrong = columns.filter((column) => !allows(declared.get(column.table)?.get(column.column) ?? "", column));
    expect(wrong.map((column) => [column, declared.get(column.table)?.get(column.column)])).toEqual([]);
  });
});
