// Builds what a machine boots over the network to discover itself: `metal-kernel` and `metal-hammer-initrd.img.zst`.
//   node machine/discovery-image/main.ts --out <dir> [--cache <dir>]
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildDiscoveryImage } from "./build.ts";
import { progressTo } from "./progress.ts";
import { RECIPE } from "./recipe.ts";

const { values } = parseArgs({ options: { out: { type: "string" }, cache: { type: "string" } } });
const cache = values.cache ?? fileURLToPath(new URL("../../.cache/discovery-image", import.meta.url));
const progress = progressTo((line) => process.stderr.write(line));

if (values.out === undefined) {
  process.stderr.write("usage: node machine/discovery-image/main.ts --out <dir> [--cache <dir>]\n");
  process.exitCode = 2;
} else
  try {
    const { initrdBytes, kernelBytes, kernelVersion } = await buildDiscoveryImage(RECIPE, values.out, cache, progress);
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
    progress(`kernel ${kernelVersion} ${megabytes(kernelBytes)}, initrd ${megabytes(initrdBytes)} in ${values.out}`);
  } catch (error) {
    progress(`failed: ${(error as Error).message}`);
    process.exitCode = 1;
  }
