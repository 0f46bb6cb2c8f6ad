// What goes into a lab OS image: the lists and scripts in debian/, and a hash over them by which builds are cached.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const RECIPE_FOLDER = join(import.meta.dirname, "debian");
export const SUITE = "bookworm";
/** Debian 12; the last part of an image id is its date (`<os>-<major>.<minor>.<yyyymmdd>`, reference/partition-services.md 6.1). */
export const OS_VERSION = "debian-12.0";

/** How hard zstd tries. Measured: level 9 packs 10 % smaller than 3 and unpacks as fast; 19 takes minutes here. */
export const ZSTD_LEVEL = 9;

/** The lines of a list in debian/, without comments and empty lines. */
export function readList(name: string): string[] {
  return readFileSync(join(RECIPE_FOLDER, name), "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Changes whenever the image would: hash over every file of the recipe and over how it is built. */
export function recipeHash(): string {
  const hash = createHash("sha256").update(`${SUITE} ${OS_VERSION} zstd ${ZSTD_LEVEL}`);
  const files = readdirSync(RECIPE_FOLDER, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    hash.update(`\0${path.slice(RECIPE_FOLDER.length)}\0`).update(readFileSync(path));
  }
  hash.update(readFileSync(join(import.meta.dirname, "build.ts")));
  return hash.digest("hex").slice(0, 16);
}

/** The image's id on a day: `debian-12.0.20261123`. */
export function imageId(day: Date): string {
  return `${OS_VERSION}.${day.toISOString().slice(0, 10).replaceAll("-", "")}`;
}
