import { migrate, openDatabase, testDatabase } from "@metal-stack/database";
import { Environment } from "@metal-stack/service";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { MIGRATIONS, type Schema } from "./database/schema.ts";
import { databaseUrl, inOwnSchema, SETTINGS } from "./settings.ts";

describe("the database", () => {
  const url = (variables: Record<string, string>) => databaseUrl(new Environment(SETTINGS, variables));

  it.each([
    [{}, undefined],
    [{ MASTERDATA_API_DATABASE_URL: "postgres://x", MASTERDATA_API_DBHOST: "y" }, "postgres://x"],
    [{ MASTERDATA_API_DBHOST: "db" }, "postgres://masterdata@/masterdata?host=db&sslmode=disable&port=5432"],
    [
      {
        MASTERDATA_API_DBHOST: "/run/pg",
        MASTERDATA_API_DBUSER: "u",
        MASTERDATA_API_DBPASSWORD: "p@:/?",
        MASTERDATA_API_DBNAME: "n",
        MASTERDATA_API_DBPORT: "6",
        MASTERDATA_API_DBSSLMODE: "require",
      },
      "postgres://u:p%40%3A%2F%3F@/n?host=%2Frun%2Fpg&sslmode=require&port=6",
    ],
  ])("of %j is %s", (variables, wanted) => expect(url(variables)).toBe(wanted));

  it("may be shared: masterdata has a schema of its own in it", async () => {
    const shared = await testDatabase<{ projects: { id: string } }>(MIGRATIONS);
    await sql`drop table history, tenant_members, project_members, projects, tenants, migrations`.execute(shared.db);
    await sql`create table projects (id text); create table migrations (other text)`.execute(shared.db);
    const own = openDatabase<Schema>(await inOwnSchema(shared.url));
    const again = openDatabase<Schema>(await inOwnSchema(shared.url));
    try {
      expect(await migrate(own, MIGRATIONS)).not.toEqual([]);
      expect(await migrate(again, MIGRATIONS)).toEqual([]);
      expect(await own.selectFrom("tenants").selectAll().execute()).toEqual([]);
      const { rows } = await sql<{ name: string }>`
        select table_schema || '.' || table_name as name from information_schema.tables
        where table_schema in ('public', 'masterdata') order by 1`.execute(shared.db);
      expect(rows.map(({ name }) => name)).toEqual([
        ...["history", "migrations", "project_members", "projects", "tenant_members", "tenants"].map(
          (table) => `masterdata.${table}`,
        ),
        "public.migrations",
        "public.projects",
      ]);
    } finally {
      await own.destroy();
      await again.destroy();
      await shared.drop();
    }
  });
});
