// The package as it is published: what is in it, and whether all kinds of programs can load it.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build } from "./build.ts";

const run = promisify(execFile);
/** The oldest that must do; Debian's is one. */
const SYSTEM_NODE = "/usr/bin/node";
/** Of programs that are no ES modules, or are resolved as before 2022: the package is for ES modules only. */
const OLD_WAYS = ["node10", "node16-cjs"];

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** The part of attw's answer that is of interest. */
interface Analysis {
  readonly entrypoints: Readonly<Record<string, unknown>>;
  readonly problems: readonly { readonly kind: string; readonly resolutionKind?: string }[];
}

describe("the published package", () => {
  const scratch = mkdtempSync(join(tmpdir(), "metal-sdk-"));
  let folder: string;
  let packed: Packed;
  let tarball: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    folder = build();
    const pack = ["pack", "--json", "--ignore-scripts", "--logs-max=0", "--pack-destination", scratch];
    const { stdout } = await run("npm", pack, { cwd: folder });
    [packed] = JSON.parse(stdout) as [Packed];
    tarball = new Uint8Array(readFileSync(join(scratch, packed.filename)));
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  it("has the code, its types, a README and the license, and nothing else", () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json", "index.js", "index.d.ts"]));
    const others = paths.filter((path) => !/^(gen\/)?[\w-]+(\.d\.ts|\.js)$/.test(path));
    expect(others.sort()).toEqual(["LICENSE", "README.md", "package.json"]);
    expect(paths.filter((path) => path.includes("test"))).toEqual([]);
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
    expect(manifest["dependencies"]).toBeUndefined();
    expect(manifest["exports"]).toEqual({ ".": "./index.js", "./node": "./node.js" });
  });

  it("is in order for publint", async () => {
    const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("has types that are right for ES modules and bundlers", async () => {
    const checked = await checkPackage(createPackageFromTarballData(tarball));
    expect(checked.types).toMatchObject({ kind: "included" });
    if (!checked.types) return;
    const { problems, entrypoints } = checked as Analysis;
    expect(Object.keys(entrypoints)).toEqual([".", "./node"]);
    expect(problems.filter(({ resolutionKind = "" }) => !OLD_WAYS.includes(resolutionKind))).toEqual([]);
  });

  it.skipIf(!existsSync(SYSTEM_NODE))("runs on the Node of the machine", async () => {
    const modules = join(scratch, "node_modules/@metal-stack");
    mkdirSync(modules, { recursive: true });
    symlinkSync(folder, join(modules, "sdk"));
    const program = `
      import { createClient, isWaiting, NetworkError } from "@metal-stack/sdk";
      import { nodeFetch } from "@metal-stack/sdk/node";
      for (const more of [{}, { fetch: nodeFetch() }, { fetch }]) {
        const client = createClient({ url: "http://127.0.0.1:1", hmac: { type: "Metal-View", key: "k" }, retries: 0, ...more });
        await client.machine.list().catch((error) => {
          if (!(error instanceof NetworkError)) throw error;
        });
      }
      console.log(typeof isWaiting, process.version);`;
    writeFileSync(join(scratch, "program.mjs"), program);
    const { stdout, stderr } = await run(SYSTEM_NODE, [join(scratch, "program.mjs")]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^function v\d+/);
  });
});
