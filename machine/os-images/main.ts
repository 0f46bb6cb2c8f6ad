// Builds the lab's OS image: node machine/os-images/main.ts --out <dir> [--cache <dir>] [--mode auto|root|unshare|fakechroot]
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildImage } from "./build.ts";

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    cache: { type: "string", default: join(homedir(), ".cache", "metal-stack") },
    mode: { type: "string", default: "auto" },
  },
});
if (values.out === undefined) {
  console.error(
    "usage: node machine/os-images/main.ts --out <dir> [--cache <dir>] [--mode auto|root|unshare|fakechroot]",
  );
  process.exit(2);
}
const started = performance.now();
const progress = (message: string): void =>
  console.log(`os-images ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${message}`);
try {
  const image = await buildImage({ out: values.out, cache: values.cache, mode: values.mode, progress });
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  progress(`${image.id}: ${mebibytes(image.size)}, ${mebibytes(image.unpacked)} unpacked`);
} catch (error) {
  console.error(`os-images: ${(error as Error).message}`);
  process.exit(1);
}
