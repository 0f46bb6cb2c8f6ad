// A new installation begins with what its operator wrote into files, and later starts leave alone what was changed since.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { applySeeds } from "./seeds.ts";
import { createWorld, type World } from "./testing/world.ts";

let world: World;
let folder: string;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.empty();
  folder = mkdtempSync(join(tmpdir(), "seeds-"));
  return () => rmSync(folder, { recursive: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const seed = (kind: string, id: string, version: number, more: string) =>
  `---\nmeta:\n  id: ${id}\n  kind: ${kind}\n  apiversion: v1\n  version: ${version}\n${more}\n`;

it("tenants come before projects, whatever the order of files and documents", async () => {
  write(
    "a.yaml",
    seed("Project", "web", 0, "tenant_id: acme\nname: web\nquotas:\n  machine:\n    quota:\n      value: 3") +
      seed("Tenant", "zoo", 0, "name: Zoo\niam_config:\n  unknown: 1"),
  );
  write("b.yaml", seed("Tenant", "acme", 0, "name: Acme\ndefault_quotas:\n  ip:\n    max: 7"));
  write("ignored.txt", "{");
  expect(await applySeeds(world.db, folder)).toEqual(["zoo", "acme", "web"]);
  const { project } = await world.projects.get({ id: "web" });
  expect(project).toMatchObject({ name: "web", tenantId: "acme", quotas: { machine: { quota: 3 } } });
  expect((await world.tenants.get({ id: "acme" })).tenant!.defaultQuotas!.ip!.max).toBe(7);
  expect(await applySeeds(world.db, folder)).toEqual([]);
});

it("the README's example is one", async () => {
  const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");
  write("readme.yaml", /```yaml\n(.*?)```/s.exec(readme)![1]!);
  expect(await applySeeds(world.db, folder)).toEqual(["acme", "web"]);
});

it("what is there is replaced by a higher version only, and once", async () => {
  write("t.yaml", seed("Tenant", "acme", 0, "name: first"));
  await applySeeds(world.db, folder);
  const { tenant } = await world.tenants.get({ id: "acme" });
  await world.tenants.update({ tenant: { ...tenant!, name: "changed" } });
  write("t.yaml", seed("Tenant", "acme", 1, "name: same"));
  expect(await applySeeds(world.db, folder)).toEqual([]);
  write("t.yaml", seed("Tenant", "acme", 5, "name: fifth"));
  expect(await applySeeds(world.db, folder)).toEqual(["acme"]);
  expect((await world.tenants.get({ id: "acme" })).tenant).toMatchObject({ name: "fifth", meta: { version: 5n } });
  expect(await applySeeds(world.db, folder)).toEqual([]);
});

it.each([
  ["no YAML", "a: [", /t\.yaml cannot be applied/],
  ["no document with a kind", "hello", /meta\.kind of Tenant or Project/],
  ["an unknown kind", seed("Machine", "m", 0, ""), /meta\.kind/],
  ["an unknown version of the API", seed("Tenant", "t", 0, "").replace("v1", "v9"), /apiversion v1/],
  ["no id", "meta: {kind: Tenant, apiversion: v1}", /meta\.id/],
  ["a field of a wrong type", seed("Tenant", "t", 0, "name: [1]"), /t\.yaml cannot be applied: t: /],
  ["a project of nobody", seed("Project", "p", 0, "tenant_id: nobody"), /t\.yaml cannot be applied: p: /],
])("%s is said with the file's name, and nothing is done", async (_, text, message) => {
  write("a.yaml", seed("Tenant", "fine", 0, "name: fine"));
  write("t.yaml", text);
  await expect(applySeeds(world.db, folder)).rejects.toThrow(message);
  expect((await world.tenants.find({})).tenants).toEqual([]);
});

it("without a folder there is nothing to do", async () => {
  expect(await applySeeds(world.db, join(folder, "nothing"))).toEqual([]);
});
