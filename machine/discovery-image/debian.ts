// Debian packages as input: which ones, fetched once, unpacked without being installed. Works as an ordinary user.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Progress } from "./progress.ts";

const execute = promisify(execFile);

/** One package file as the archive offers it. */
export interface Package {
  /** "kexec-tools_2.0.25-3+b1_amd64.deb" */
  readonly file: string;
  /** As apt writes it: "SHA256:…". */
  readonly hash: string;
}

const FETCH_HINT = "If the package lists are missing or old, run: sudo apt-get update";
/** apt drops to another user when root downloads; that user cannot write into our cache. */
const AS_THIS_USER = ["-o", "APT::Sandbox::User=root"];

/**
 * Runs a program of the build machine.
 * @throws {Error} that names the Debian package when the program is missing
 */
export async function command(
  program: string,
  args: readonly string[],
  options: { cwd?: string; package?: string } = {},
): Promise<string> {
  try {
    const { stdout } = await execute(program, [...args], {
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, LC_ALL: "C", PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new Error(
        `${program} is missing on this machine: sudo apt-get install ${options.package ?? program} (Debian or Ubuntu)`,
        { cause: error },
      );
    throw error;
  }
}

/** The kernel package that a meta package like linux-image-amd64 stands for today. */
export async function currentKernelPackage(metaPackage: string): Promise<string> {
  const depends = await command("apt-cache", ["depends", metaPackage], { package: "apt" }).catch((error: Error) => {
    throw new Error(`apt does not know ${metaPackage}. ${FETCH_HINT}\n${error.message}`);
  });
  const found = /Depends: (linux-image-\d\S+)/.exec(depends)?.[1];
  if (!found) throw new Error(`${metaPackage} depends on no linux-image-<version>. ${FETCH_HINT}`);
  return found;
}

/** The packages and all shared libraries that they may need; of other dependencies an initrd has no use. */
export async function withLibraries(packages: readonly string[]): Promise<string[]> {
  const no = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map((kind) => `--no-${kind}`);
  const listing = await command("apt-cache", ["depends", "--recurse", ...no, ...packages], { package: "apt" }).catch(
    (error: Error) => {
      throw new Error(`apt does not know all of ${packages.join(", ")}. ${FETCH_HINT}\n${error.message}`);
    },
  );
  const libraries = listing.split("\n").filter((line) => /^(lib(?!perl)|zlib1g)/.test(line) && !line.endsWith("-perl"));
  return [...new Set([...packages, ...libraries])].sort();
}

/** What apt would download for these packages: the exact inputs of a build. */
export async function resolvePackages(names: readonly string[]): Promise<Package[]> {
  const listing = await command("apt-get", ["download", "--print-uris", ...AS_THIS_USER, ...names], {
    package: "apt",
  }).catch((error: Error) => {
    throw new Error(`apt cannot find the packages to download. ${FETCH_HINT}\n${error.message}`);
  });
  const packages = [...listing.matchAll(/^'[^']+' (\S+) \d+ (\S+)$/gm)].map((match) => ({
    file: match[1]!,
    hash: match[2]!,
  }));
  if (packages.length !== names.length)
    throw new Error(`apt offers ${packages.length} files for ${names.length} packages. ${FETCH_HINT}`);
  return packages.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Brings package files into a folder, keyed by name and verified by hash; fetches only what is not there yet. */
export async function fetchPackages(packages: readonly Package[], folder: string, progress: Progress): Promise<void> {
  await mkdir(folder, { recursive: true });
  const wanted: string[] = [];
  for (const { file, hash } of packages) {
    if (await hasHash(join(folder, file), hash)) continue;
    const [name, version] = file.split("_");
    wanted.push(`${name}=${decodeURIComponent(version!)}`);
  }
  if (wanted.length === 0) return;
  progress(`fetching ${wanted.length} Debian packages`);
  await command("apt-get", ["download", "-q", ...AS_THIS_USER, ...wanted], { cwd: folder, package: "apt" }).catch(
    (error: Error) => {
      throw new Error(`the download failed. ${FETCH_HINT}\n${error.message}`);
    },
  );
  for (const { file, hash } of packages)
    if (!(await hasHash(join(folder, file), hash))) throw new Error(`${file}: what apt fetched is not ${hash}`);
}

async function hasHash(path: string, hash: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  const [algorithm, digest] = hash.split(":");
  return (
    createHash(algorithm!.toLowerCase())
      .update(await readFile(path))
      .digest("hex") === digest
  );
}

/** Unpacks a package file into a folder beside it, once, and returns that folder. */
export async function unpack(file: string, into: string): Promise<string> {
  if (existsSync(into)) return into;
  const unfinished = `${into}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  await command("dpkg-deb", ["-x", file, unfinished], { package: "dpkg" });
  await rename(unfinished, into).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(into)) throw error;
  });
  return into;
}
