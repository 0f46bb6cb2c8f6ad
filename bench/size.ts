// The discovery image against its limit, and what it is made of.
import { readFileSync } from "node:fs";

const IMAGE = ".cache/images/discovery-image/discovery-image.json";
const LIMIT_BYTES = 60_000_000;

const mega = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

export async function benchSize(): Promise<void> {
  const image = JSON.parse(readFileSync(IMAGE, "utf8")) as Record<
    "kernelBytes" | "initrdBytes" | "unpackedBytes" | "hammerBytes",
    number
  >;
  console.log(
    `initramfs, compressed     ${mega(image.initrdBytes).padStart(10)}   ${((100 * image.initrdBytes) / LIMIT_BYTES).toFixed(0)} % of the limit of ${mega(LIMIT_BYTES)}`,
  );
  console.log(`initramfs, unpacked       ${mega(image.unpackedBytes).padStart(10)}`);
  console.log(`kernel                    ${mega(image.kernelBytes).padStart(10)}`);
  console.log(`the hammer's own code     ${mega(image.hammerBytes).padStart(10)}`);
}
