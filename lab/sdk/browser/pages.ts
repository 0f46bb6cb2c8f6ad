// The SDK on web pages: the package as it is published, once as a bundler puts it into a page, once as its files are.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";

const BUILDS_PACKAGE = new URL("../../../clients/sdk/build.ts", import.meta.url).pathname;

/** The page's own program: everything else is said to it by the test. */
const PROGRAM = `import * as sdk from "@metal-stack/sdk"; globalThis.sdk = sdk;`;

/** Without a bundler, a page says itself where modules are. */
const IMPORT_MAP = { imports: { "@metal-stack/sdk": "/package/index.js", "#platform": "/package/platform-web.js" } };

const PAGES: Readonly<Record<string, string>> = {
  "/bundled": `<!doctype html><title>bundled</title><script type="module" src="/bundle.js"></script>`,
  "/files":
    `<!doctype html><title>files</title><script type="importmap">${JSON.stringify(IMPORT_MAP)}</script>` +
    `<script type="module">${PROGRAM}</script>`,
};

export interface Pages {
  readonly port: number;
  /** Files of Node's that the bundler would have had to find; there must be none. */
  readonly ofNode: readonly string[];
  readonly bundleBytes: number;
  close(): Promise<void>;
}

/** @param folder empty; for the package and the bundle */
export async function servePages(folder: string): Promise<Pages> {
  const installed = join(folder, "node_modules/@metal-stack/sdk");
  mkdirSync(installed, { recursive: true });
  execFileSync(process.execPath, [BUILDS_PACKAGE, installed]);
  const program = join(folder, "program.js");
  writeFileSync(program, PROGRAM);
  const { outputFiles, metafile } = await build({
    entryPoints: [program],
    bundle: true,
    platform: "browser",
    format: "esm",
    minify: true,
    write: false,
    metafile: true,
  });
  const bundle = outputFiles[0]!.text;
  const server = createServer(({ url = "" }, response) => {
    const page = PAGES[url];
    if (page !== undefined) return response.writeHead(200, { "content-type": "text/html" }).end(page);
    const file = /^\/package\/((?:gen\/)?[\w-]+\.js)$/.exec(url)?.[1];
    if (url !== "/bundle.js" && file === undefined) return response.writeHead(404).end();
    const code = file === undefined ? bundle : readFileSync(join(installed, file));
    return response.writeHead(200, { "content-type": "text/javascript" }).end(code);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  return {
    port: (server.address() as AddressInfo).port,
    ofNode: imports.map(({ path }) => path).filter((path) => path.startsWith("node:")),
    bundleBytes: Buffer.byteLength(bundle),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
