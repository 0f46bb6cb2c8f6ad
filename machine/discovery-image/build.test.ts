import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDiscoveryImage, INITRD_FILE, KERNEL_FILE } from "./build.ts";
import { currentKernelPackage } from "./debian.ts";
import type { Recipe } from "./recipe.ts";

/** Small, but with everything that could differ from build to build: packages, libraries, modules, busybox. */
const SMALL: Recipe = {
  kernelPackage: "linux-image-cloud-amd64",
  modules: ["virtio_net", "ext4"],
  tools: [{ package: "kexec-tools", programs: ["kexec"] }],
  hammer: false,
  compression: 3,
};

/** Package files are shared with real builds: they are inputs, checked by their hash. */
const PACKAGES = fileURLToPath(new URL("../../.cache/discovery-image/packages", import.meta.url));
const hasPackageLists = await currentKernelPackage(SMALL.kernelPackage).then(
  () => true,
  () => false,
);
if (!hasPackageLists) process.stderr.write("SKIPPED: the discovery image build (no apt package lists here)\n");

describe.skipIf(!hasPackageLists)("the discovery image", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "discovery-image-test-"));
    await mkdir(PACKAGES, { recursive: true });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function build(name: string): Promise<{ out: string; lines: string[] }> {
    const [out, cache] = [join(folder, name, "out"), join(folder, name, "cache")];
    await mkdir(cache, { recursive: true });
    await symlink(PACKAGES, join(cache, "packages")).catch(() => undefined);
    const lines: string[] = [];
    await buildDiscoveryImage(SMALL, out, cache, (line) => lines.push(line));
    return { out, lines };
  }

  it(
    "has the same bytes wherever it is built, and is taken from the cache the next time",
    { timeout: 180_000 },
    async () => {
      const [first, second] = [await build("first"), await build("second")];
      for (const file of [KERNEL_FILE, INITRD_FILE]) {
        const [one, other] = await Promise.all([first, second].map(({ out }) => readFile(join(out, file))));
        expect(one!.length).toBeGreaterThan(1_000_000);
        expect(one!.equals(other!)).toBe(true);
      }
      const again = await build("first");
      expect(again.lines).toHaveLength(1);
      expect(again.lines[0]).toContain("in the cache");
    },
  );
});
