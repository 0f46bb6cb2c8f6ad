// Makes the package as it is published, in .cache/sdk: JavaScript and declarations, without the sources.
//   node clients/sdk/build.ts && npm publish .cache/sdk
//   node clients/sdk/build.ts <folder>      makes it there
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "../..");

interface Manifest {
  private?: boolean;
  devDependencies?: unknown;
  readonly [field: string]: unknown;
}

/** @param folder is emptied first */
export function build(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  execFileSync(process.execPath, [
    join(ROOT, "node_modules/typescript/bin/tsc"),
    "-p",
    join(HERE, "tsconfig.build.json"),
    "--outDir",
    folder,
  ]);
  // tsc leaves the extensions in declarations as they are in the sources; compilers before 5.7 do not follow them.
  for (const file of globSync(join(folder, "**/*.d.ts"))) {
    const declarations = readFileSync(file, "utf8");
    writeFileSync(file, declarations.replaceAll(/(from "\.{1,2}\/[^"]+)\.ts"/g, '$1.js"'));
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(published(), null, 2)}\n`);
  cpSync(join(HERE, "examples"), join(folder, "examples"), { recursive: true });
  copyFileSync(join(HERE, "README.md"), join(folder, "README.md"));
  copyFileSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
}

/** The manifest without what is only for us, and with what was built instead of the sources. */
function published(): unknown {
  const source = readFileSync(join(HERE, "package.json"), "utf8").replaceAll(/"\.\/src\/([\w-]+)\.ts"/g, '"./$1.js"');
  const { private: _, devDependencies: __, ...manifest } = JSON.parse(source) as Manifest;
  return { ...manifest, engines: { node: ">=20.3" }, sideEffects: false };
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? join(ROOT, ".cache/sdk"));
  build(folder);
  console.log(folder);
}
