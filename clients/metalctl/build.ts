// `node clients/metalctl/build.ts [folder]`: the package that users install, in clients/metalctl/dist unless said otherwise.
// One file that Node runs without node_modules, and a launcher that keeps what Node compiled of it.
import { build, type Plugin } from "esbuild";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const HERE = import.meta.dirname;

/** The cache is in the user's own folder: from one that others may write to, Node would run what they put there. */
const LAUNCHER = `#!/usr/bin/env node
const { enableCompileCache } = require("node:module");
const { homedir } = require("node:os");
enableCompileCache((process.env.XDG_CACHE_HOME || homedir() + "/.cache") + "/metalctl");
require("./metalctl.cjs");
`;

/** Modules of Node that take milliseconds to load, and that most commands never call. */
const SLOW = /^node:(child_process|crypto|https)$/;

/** Loads them with the first call of one of their functions. Classes of them are not to be had this way. */
const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: SLOW }, ({ path, namespace }) =>
      namespace === "lazy" ? { path, external: true } : { path, namespace: "lazy" },
    );
    onLoad({ filter: SLOW, namespace: "lazy" }, ({ path }) => {
      const names = Object.entries(createRequire(import.meta.url)(path) as object)
        .filter(([, member]) => typeof member === "function")
        .map(([name]) => name);
      const functions = names.map((name) => `export const ${name} = (...args) => require("${path}").${name}(...args);`);
      return { contents: `${functions.join("\n")}\nexport default { ${names.join(", ")} };` };
    });
  },
};

/** Builds the package. @param folder an absolute path @returns the program in it */
export async function buildMetalctl(folder = join(HERE, "dist")): Promise<string> {
  await build({
    entryPoints: [join(HERE, "main.ts")],
    outfile: join(folder, "metalctl.cjs"),
    absWorkingDir: HERE,
    bundle: true,
    platform: "node",
    // CommonJS starts faster than an ES module; commands stay lazy in it.
    format: "cjs",
    target: "node24",
    minify: true,
    keepNames: true,
    legalComments: "none",
    logLevel: "silent",
    plugins: [lazyBuiltins],
  });
  const program = join(folder, "main.cjs");
  writeFileSync(program, LAUNCHER, { mode: 0o755 });
  const { name, version, license } = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8")) as Record<
    string,
    string
  >;
  const description = { name, version, license, bin: { metalctl: "main.cjs" }, engines: { node: ">=24" } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(description, null, 2));
  return program;
}

if (process.argv[1] === import.meta.filename) {
  const folder = resolve(process.argv[2] ?? join(HERE, "dist"));
  mkdirSync(folder, { recursive: true });
  console.log(await buildMetalctl(folder));
}
