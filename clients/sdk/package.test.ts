// The package as it is published: what is in it, and whether all kinds of programs can load it.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

const ROOT = join(import.meta.dirname, "../..");
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/** What programs know of their surroundings. The declarations of the package are checked with them. */
const NODE_TYPES = { lib: ["es2022"], types: ["node"], typeRoots: [join(ROOT, "node_modules/@types")] };
const BROWSER_TYPES = { lib: ["dom", "es2022"], types: [] };

/** An error that is expected and does not come is one. */
const TYPED_PROGRAM = `
  import { createClient, isAllocated, MetalError, type MachineResponse } from "@metal-stack/sdk";
  import { nodeFetch } from "@metal-stack/sdk/node";
  const client = createClient({ url: "https://api.example.org", token: "t", fetch: nodeFetch() });
  const machines: MachineResponse[] = await client.machine.find({ partition_id: "fra" });
  // @ts-expect-error the package is typed, nothing of it is any
  const wrong: number = machines;
  for (const machine of machines) {
    if (isAllocated(machine)) await client.machine.free(machine);
    // @ts-expect-error
    else await client.machine.free(machine);
    // @ts-expect-error
    if (isAllocated(machine)) await client.machine.free({ ...machine, id: "another" });
  }
  await client.size.get("s").catch((error: unknown) => error instanceof MetalError && error.status.toFixed());
  export { wrong };
`;

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
    folder = join(scratch, "package");
    build(folder);
    const pack = ["pack", "--json", "--ignore-scripts", "--logs-max=0", "--pack-destination", scratch];
    const { stdout } = await run("npm", pack, { cwd: folder });
    [packed] = JSON.parse(stdout) as [Packed];
    tarball = new Uint8Array(readFileSync(join(scratch, packed.filename)));
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  it("has the code, its types, examples, a README and the license, and nothing else", () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json", "index.js", "index.d.ts"]));
    const others = paths.filter((path) => !/^((gen\/)?[\w-]+(\.d\.ts|\.js)|examples\/[\w-]+\.ts)$/.test(path));
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

  describe("installed in an empty folder", () => {
    const app = join(scratch, "app");
    beforeAll(async () => {
      mkdirSync(app);
      writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module" }));
      const install = ["install", "--offline", "--no-audit", "--no-fund", "--logs-max=0"];
      await run("npm", [...install, join(scratch, packed.filename)], { cwd: app });
    });

    it.skipIf(!existsSync(SYSTEM_NODE))("runs on the Node of the machine", async () => {
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
      writeFileSync(join(app, "program.js"), program);
      const { stdout, stderr } = await run(SYSTEM_NODE, ["program.js"], { cwd: app });
      expect(stderr).toBe("");
      expect(stdout).toMatch(/^function v\d+/);
    });

    it.each([
      ["Node, resolved as by Node 16", "node16", "node16", NODE_TYPES],
      ["Node, resolved as by its newest", "nodenext", "nodenext", NODE_TYPES],
      ["Node, bundled", "esnext", "bundler", NODE_TYPES],
      ["browsers, bundled", "esnext", "bundler", BROWSER_TYPES],
    ])("is typed for strict programs for %s", async (_, module, moduleResolution, types) => {
      const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
      const compilerOptions = { module, moduleResolution, target: "es2022", noEmit: true, ...strict, ...types };
      const name = `${module}-for-${types.lib[0]}`;
      writeFileSync(join(app, `${name}.ts`), TYPED_PROGRAM);
      writeFileSync(join(app, `${name}.json`), JSON.stringify({ compilerOptions, files: [`${name}.ts`] }));
      const checked = run(process.execPath, [TSC, "-p", `${name}.json`], { cwd: app });
      await expect(checked.catch((error: { stdout: string }) => error)).resolves.toMatchObject({ stdout: "" });
    });
  });
});
