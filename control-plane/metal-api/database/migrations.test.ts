// metal-api's database has the IPAM of libraries/ipam in it: its migrations stand among metal-api's, word for word and in order.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ipamMigrations } from "@metal-stack/ipam";
import { expect, test } from "vitest";
import { MIGRATIONS } from "./migrations.ts";

const textsIn = (folder: string) =>
  readdirSync(folder)
    .toSorted()
    .map((file) => readFileSync(join(folder, file), "utf8"));

test("every migration of the IPAM is one of metal-api's, in the same order", () => {
  const ours = textsIn(MIGRATIONS);
  const places = textsIn(ipamMigrations).map((text) => ours.indexOf(text));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((one, other) => one - other));
});
