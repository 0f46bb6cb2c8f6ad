import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { sections, settingsPage } from "./settings-page.ts";

/** Of the operating system, and of programs that tests start. */
const NOT_OURS = ["PATH", "HOME", "UV_THREADPOOL_SIZE"];

const NOT_SERVICES = ["node_modules", "gen", "testing", "conformance", "examples"].map((folder) => `**/${folder}/**`);

const sources = (folder: string) =>
  globSync(`${folder}/**/*.ts`, { exclude: NOT_SERVICES })
    .filter((file) => !file.endsWith(".test.ts"))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n")
    // Examples in comments read what their readers name.
    .replaceAll(/^ *(?:\*|\/\/).*$/gm, "");

it("docs/settings.md shows all settings as they are declared", async () => {
  await expect(await settingsPage()).toMatchFileSnapshot("../docs/settings.md");
});

it("every declared setting is read somewhere in its service", async () => {
  const unread = (await sections()).flatMap(({ folder, settings, title }) => {
    const code = sources(folder);
    // Those of metalctl's flags are read by the flags' own names.
    if (title === "metalctl") return [];
    return Object.keys(settings.settings)
      .filter((name) => !code.includes(`"${name}"`) && !code.includes(`process.env.${name}`))
      .map((name) => `${settings.prefix}${name}`);
  });
  expect(unread).toEqual([]);
});

it("no variable is read that the page does not show", async () => {
  const shown = (await sections()).flatMap(({ settings }) => Object.keys(settings.settings));
  const read = ["control-plane", "partition", "machine", "clients", "libraries"].flatMap((folder) =>
    [...sources(folder).matchAll(/process\.env(?:\["|\.)(\w+)/g)].map(([, name]) => name!),
  );
  expect(read.filter((name) => !shown.includes(name) && !NOT_OURS.includes(name))).toEqual([]);
});
