// Builds the Go program of this folder, which calls metal-api with the original's client. Go's own caches keep what was
// downloaded and compiled.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);
const BUILD_TIMEOUT_MS = 10 * 60_000;

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

/** Where a program is, or why it cannot be here. */
export type Built = { readonly program: string } | { readonly missing: string };

/** The client of this folder, built. Throws when it does not compile. */
export async function buildClient(folder: string): Promise<Built> {
  const go = await findGo();
  if (go === undefined) return { missing: "Go is not installed" };
  const options = { cwd: import.meta.dirname, timeout: BUILD_TIMEOUT_MS };
  try {
    await run(go, ["mod", "download"], options);
  } catch (error) {
    return { missing: `Go's modules cannot be downloaded: ${(error as Error).message}` };
  }
  const program = `${folder}/client`;
  await run(go, ["build", "-o", program, "./client"], options);
  return { program };
}
