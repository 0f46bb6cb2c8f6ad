// Makes the image: mmdebstrap (as root, or as an ordinary user in a user namespace), then zstd, then its checksum.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, globSync, readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { imageId, readList, RECIPE_FOLDER, recipeHash, SUITE, ZSTD_LEVEL } from "./recipe.ts";

export interface BuildOptions {
  /** Where `debian-12.tar.zst`, `.sha256` and `.json` are put. */
  readonly out: string;
  /** Where finished builds are kept by recipe hash. */
  readonly cache: string;
  /** mmdebstrap's mode: auto, root, unshare, fakechroot. */
  readonly mode: string;
  readonly progress: (message: string) => void;
}

export interface BuiltImage {
  readonly id: string;
  /** Bytes of the compressed image. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Bytes of the tar. */
  readonly unpacked: number;
  readonly recipe: string;
}

const ARCHIVE = "debian-12.tar.zst";

/** Runs a program with its output appended to ours only when it fails. */
async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
  let output = "";
  const keep = (chunk: string): string => (output = (output + chunk).slice(-16_384));
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${command} ended with code ${code}:\n${output}`);
}

/** The machine's own package sources for the suite, so that a mirror set up there is used here too. */
function aptSources(): string[] {
  const files = globSync("/etc/apt/{sources.list,sources.list.d/*.list,sources.list.d/*.sources}");
  const found = files.filter((file) => new RegExp(`\\b${SUITE}\\b[^\\n]*\\n?[^]*\\bmain\\b`).test(debianPart(file)));
  if (found.length === 0)
    throw new Error(`no package source for Debian ${SUITE} in /etc/apt: add one (deb822 or one-line style)`);
  return found;
}

/** The text of a sources file when it is Debian's own archive; other archives may also use the suite's name. */
function debianPart(file: string): string {
  const text = readFileSync(file, "utf8").replaceAll(/^\s*#.*$/gm, "");
  return /\/debian(-security)?\/?(\s|$)/m.test(text) ? text : "";
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

async function bootstrap(tar: string, scratch: string, mode: string, epoch: number): Promise<void> {
  // In a user namespace the hooks run as another user, who may not look into the builder's home: hence a copy.
  const recipe = join(scratch, "recipe");
  await run("cp", ["--recursive", RECIPE_FOLDER, recipe]);
  await run("chmod", ["--recursive", "u=rwX,go=rX", scratch]);
  const initramfs = "etc/initramfs-tools/conf.d";
  await run(
    "mmdebstrap",
    [
      `--mode=${mode}`,
      "--variant=minbase",
      `--include=${readList("packages").join(",")}`,
      ...readList("path-exclude").map((path) => `--dpkgopt=path-exclude=${path}`),
      "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
      // Before the kernel's package makes the initramfs.
      `--essential-hook=mkdir -p "$1/${initramfs}" && cp "${recipe}/files/${initramfs}/metal" "$1/${initramfs}/"`,
      `--customize-hook=sh "${recipe}/customize.sh" "$1"`,
      SUITE,
      tar,
      ...aptSources(),
    ],
    { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  );
}

/**
 * Builds the image, or takes it from the cache when the recipe is unchanged, and puts it into `out`.
 * @throws when a tool fails, with the end of what it wrote
 */
export async function buildImage({ out, cache, mode, progress }: BuildOptions): Promise<BuiltImage> {
  const recipe = recipeHash();
  const kept = join(cache, `os-image-${recipe}`);
  await mkdir(out, { recursive: true });
  if (!existsSync(join(kept, `${ARCHIVE}.json`))) {
    const day = new Date();
    day.setUTCHours(0, 0, 0, 0);
    await mkdir(cache, { recursive: true });
    const scratch = await mkdtemp(join(tmpdir(), "os-image-"));
    try {
      progress(`installing Debian ${SUITE} (${readList("packages").length} packages and what they need)`);
      const tar = join(scratch, "image.tar");
      await bootstrap(tar, scratch, mode, day.getTime() / 1000);
      progress("compressing");
      const archive = join(scratch, ARCHIVE);
      await run("zstd", ["-q", "-T0", `-${ZSTD_LEVEL}`, tar, "-o", archive]);
      const image: BuiltImage = {
        id: imageId(day),
        size: (await stat(archive)).size,
        sha256: await sha256Of(archive),
        unpacked: (await stat(tar)).size,
        recipe,
      };
      const partial = await mkdtemp(`${kept}.`);
      await copyFile(archive, join(partial, ARCHIVE));
      await writeFile(join(partial, `${ARCHIVE}.sha256`), `${image.sha256}  ${ARCHIVE}\n`);
      await writeFile(join(partial, `${ARCHIVE}.json`), `${JSON.stringify(image)}\n`);
      await rm(kept, { recursive: true, force: true });
      await rename(partial, kept);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  } else progress(`unchanged recipe ${recipe}: taken from ${kept}`);
  for (const suffix of ["", ".sha256", ".json"])
    await copyFile(join(kept, ARCHIVE + suffix), join(out, ARCHIVE + suffix));
  return JSON.parse(await readFile(join(out, `${ARCHIVE}.json`), "utf8")) as BuiltImage;
}
