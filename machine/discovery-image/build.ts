// From recipe to image: resolve inputs, look into the cache, else unpack, collect, pack.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { bundleHammer, nodeBinary } from "./bundle.ts";
import { imageTree } from "./contents.ts";
import { writeCpio } from "./cpio.ts";
import {
  command,
  currentKernelPackage,
  fetchPackages,
  resolvePackages,
  unpack,
  withLibraries,
  type Package,
} from "./debian.ts";
import type { Progress } from "./progress.ts";
import { BUSYBOX_PACKAGE, PCI_NAMES_PACKAGE, type Recipe } from "./recipe.ts";

export const KERNEL_FILE = "metal-kernel";
export const INITRD_FILE = "metal-hammer-initrd.img.zst";
const SUMMARY_FILE = "discovery-image.json";

/** What was built, and how big it is (bytes); written as discovery-image.json beside the image. */
export interface Summary {
  readonly key: string;
  readonly kernelVersion: string;
  readonly packages: readonly string[];
  readonly hammerBytes: number;
  readonly kernelBytes: number;
  readonly initrdBytes: number;
  readonly unpackedBytes: number;
  readonly kernelSha256: string;
  readonly initrdSha256: string;
}

/** What the hammer needs: libraries of the Node binary, which is not a Debian package and so declares none, and names. */
const HAMMER_PACKAGES = ["libc6", "libstdc++6", "libgcc-s1", "libatomic1", PCI_NAMES_PACKAGE];

/**
 * Builds kernel and initrd into `out`, or takes them from `cache` when nothing they are made of has changed.
 * @throws {Error} that says what to install or run when the machine lacks something
 */
export async function buildDiscoveryImage(
  recipe: Recipe,
  out: string,
  cache: string,
  progress: Progress,
): Promise<Summary> {
  const { kernelPackage, packages } = await resolveInputs(recipe, cache, progress);
  const hammer = recipe.hammer ? await bundleHammer() : undefined;
  const init = await readFile(new URL("init.sh", import.meta.url));

  const key = await inputHash(recipe, packages, [init, hammer ?? "", recipe.hammer ? await hashOf(nodeBinary()) : ""]);
  const ready = join(cache, "images", key);
  if (existsSync(ready)) progress(`nothing has changed: image ${key} is in the cache`);
  else {
    const debs = join(cache, "packages");
    await fetchPackages(packages, debs, progress);
    progress(`${packages.length} Debian packages are here`);
    const folders = new Map<string, string>();
    for (const { file } of packages)
      folders.set(file.split("_")[0]!, await unpack(join(debs, file), join(cache, "unpacked", file)));
    progress("packages unpacked");

    const kernelFolder = folders.get(kernelPackage)!;
    const kernelVersion = kernelPackage.replace("linux-image-", "");
    const tree = await imageTree({ recipe, kernelVersion, packages: folders, kernelFolder, init, hammer }, progress);
    const unfinished = `${ready}.${process.pid}`;
    await mkdir(unfinished, { recursive: true });
    await copyFile(join(kernelFolder, `boot/vmlinuz-${kernelVersion}`), join(unfinished, KERNEL_FILE));
    const unpackedBytes = await pack(writeCpio(tree.entries), join(unfinished, INITRD_FILE), recipe.compression);
    const summary: Summary = {
      key,
      kernelVersion,
      packages: packages.map(({ file }) => file),
      hammerBytes: hammer?.length ?? 0,
      kernelBytes: (await stat(join(unfinished, KERNEL_FILE))).size,
      initrdBytes: (await stat(join(unfinished, INITRD_FILE))).size,
      unpackedBytes,
      kernelSha256: await hashOf(join(unfinished, KERNEL_FILE)),
      initrdSha256: await hashOf(join(unfinished, INITRD_FILE)),
    };
    await writeFile(join(unfinished, SUMMARY_FILE), `${JSON.stringify(summary, null, 2)}\n`);
    await rename(unfinished, ready).catch(async (error: unknown) => {
      await rm(unfinished, { recursive: true, force: true });
      if (!existsSync(ready)) throw error;
    });
  }
  await forgetOldImages(join(cache, "images"), ready);
  await mkdir(out, { recursive: true });
  for (const file of await readdir(ready)) {
    // A new file under the old name: a server that is just sending the old one is not disturbed.
    await copyFile(join(ready, file), join(out, `.${file}.new`));
    await rename(join(out, `.${file}.new`), join(out, file));
  }
  return JSON.parse(await readFile(join(out, SUMMARY_FILE), "utf8")) as Summary;
}

/** Images are 67 MB each; the ones before the last few are of no use. */
const IMAGES_KEPT = 4;

async function forgetOldImages(folder: string, current: string): Promise<void> {
  const images = await Promise.all(
    (await readdir(folder)).map(async (name) => ({
      path: join(folder, name),
      built: (await stat(join(folder, name))).mtimeMs,
    })),
  );
  const newestFirst = images.sort((a, b) => b.built - a.built).filter(({ path }) => path !== current);
  for (const { path } of newestFirst.slice(IMAGES_KEPT - 1)) await rm(path, { recursive: true, force: true });
}

interface Inputs {
  readonly kernelPackage: string;
  readonly packages: readonly Package[];
}

/** Asks apt what the recipe means today. Without package lists (offline, or never updated) yesterday's answer will do. */
async function resolveInputs(recipe: Recipe, cache: string, progress: Progress): Promise<Inputs> {
  const tools = [BUSYBOX_PACKAGE, ...recipe.tools.map((tool) => tool.package)];
  const wanted = [...tools, ...(recipe.hammer ? HAMMER_PACKAGES : [])];
  const name = createHash("sha256")
    .update([recipe.kernelPackage, ...wanted].join(" "))
    .digest("hex")
    .slice(0, 16);
  const record = join(cache, "resolved", `${name}.json`);
  try {
    const kernelPackage = await currentKernelPackage(recipe.kernelPackage);
    const packages = await resolvePackages([...(await withLibraries(wanted)), kernelPackage]);
    await mkdir(join(cache, "resolved"), { recursive: true });
    await writeFile(record, JSON.stringify({ kernelPackage, packages }));
    return { kernelPackage, packages };
  } catch (error) {
    const known = await readFile(record, "utf8").catch(() => undefined);
    if (known === undefined) throw error;
    progress(`using the package versions of the last build: ${(error as Error).message.split("\n")[0]}`);
    return JSON.parse(known) as Inputs;
  }
}

/** One name for everything that can change the image: recipe, packages, files, the packer, and this very program. */
async function inputHash(
  recipe: Recipe,
  packages: readonly { hash: string }[],
  contents: readonly (Uint8Array | string)[],
): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([recipe, packages]));
  hash.update(await command("zstd", ["--version"]));
  for (const content of contents) hash.update(createHash("sha256").update(content).digest());
  const sources = (await readdir(new URL(".", import.meta.url))).filter((name) => /(?<!\.test)\.ts$/.test(name)).sort();
  for (const name of sources) hash.update(await readFile(new URL(name, import.meta.url)));
  return hash.digest("hex").slice(0, 16);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/**
 * Pipes the archive through zstd, whose output does not depend on the number of threads.
 * @returns bytes before compression
 */
async function pack(archive: Iterable<Uint8Array>, path: string, level: number): Promise<number> {
  const zstd = spawn("zstd", [`-${level}`, "-T2", "-q", "-c"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve, reject) => {
    zstd.on("error", (error) => reject(new Error(`zstd: ${error.message}: sudo apt-get install zstd`)));
    zstd.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`zstd ended with code ${code}`))));
  });
  let bytes = 0;
  function* counted(): Generator<Uint8Array> {
    for (const piece of archive) {
      bytes += piece.length;
      yield piece;
    }
  }
  await Promise.all([
    pipeline(Readable.from(counted()), zstd.stdin),
    pipeline(zstd.stdout, createWriteStream(path)),
    ended,
  ]);
  return bytes;
}
