// The discovery image and the OS image: each built once by its own tool, cached by a hash of its recipe.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Where built images live, outside git. */
export const CACHE = ".cache/images";

function build(tool: string, report: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join("machine", tool, "main.ts"), "--out", join(CACHE, tool), "--cache", ".cache/build"],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let tail: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        tail = [...tail.slice(-19), line];
        report(line);
      });
    }
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`building the ${tool} failed:\n${tail.join("\n")}`)),
    );
  });
}

export const buildDiscoveryImage = (report: (line: string) => void) => build("discovery-image", report);
export const buildOsImage = (report: (line: string) => void) => build("os-images", report);
