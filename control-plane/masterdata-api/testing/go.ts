// Builds the Go programs of this folder: the probe, and the original's server from its module. Go's own caches keep what
// was downloaded and compiled.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);
const BUILD_TIMEOUT_MS = 15 * 60_000;

/** Go's usual place is not on everybody's PATH. */
const GO = ["go", "/usr/local/go/bin/go", "/usr/lib/go/bin/go"];

async function findGo(): Promise<string | undefined> {
  for (const go of GO) {
    if (go.includes("/") && !existsSync(go)) continue;
    const works = await run(go, ["version"]).then(
      () => true,
      () => false,
    );
    if (works) return go;
  }
  return undefined;
}

/** Where the programs are, or why they cannot be here: there is no Go, or its modules cannot be had. */
export type Built = { readonly probe: string; readonly original: string } | { readonly missing: string };

/** Builds both into a folder. Throws when they do not compile. */
export async function buildGoPrograms(folder: string): Promise<Built> {
  const go = await findGo();
  if (go === undefined) return { missing: "Go is not installed" };
  const options = { cwd: import.meta.dirname, timeout: BUILD_TIMEOUT_MS };
  try {
    await run(go, ["mod", "download"], options);
  } catch (error) {
    return { missing: `Go's modules cannot be downloaded: ${(error as Error).message}` };
  }
  const programs = { probe: `${folder}/probe`, original: `${folder}/original` };
  await run(go, ["build", "-o", programs.probe, "./probe"], options);
  await run(go, ["build", "-o", programs.original, "github.com/metal-stack/masterdata-api/server"], options);
  return programs;
}
