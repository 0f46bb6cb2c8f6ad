// The client as a browser gets it: one bundle, made without Node, run where there is nothing but what browsers have.
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import vm from "node:vm";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { loopback } from "../testing/loopback.ts";
import type * as Sdk from "./index.ts";

const HERE = import.meta.dirname;
const TSC = join(HERE, "../../../node_modules/typescript/bin/tsc");

async function bundle() {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(HERE, "index.ts")],
    bundle: true,
    platform: "browser",
    format: "iife",
    globalName: "sdk",
    write: false,
    metafile: true,
    minify: true,
  });
  return { code: outputFiles[0]!.text, inputs: Object.values(metafile.inputs) };
}

/** Names that browsers have; of Node's own there is nothing. */
const BROWSER = {
  AbortController,
  AbortSignal,
  atob,
  Blob,
  clearTimeout,
  crypto,
  fetch,
  setTimeout,
  TextEncoder,
  URL,
  URLSearchParams,
};

describe("the client in a browser", () => {
  it("needs nothing of Node, and is small", async () => {
    const { code, inputs } = await bundle();
    expect(inputs.flatMap(({ imports }) => imports).filter(({ path }) => path.startsWith("node:"))).toEqual([]);
    expect(code).not.toMatch(/node:|\bBuffer\b|\bprocess\b|\brequire\(/);
    expect(code.length).toBeLessThan(40_000);
  });

  it("asks, signs, and understands errors", async () => {
    const { code } = await bundle();
    const context = vm.createContext({ ...BROWSER });
    vm.runInContext(code, context);
    const { createClient, MetalError } = (context as { sdk: typeof Sdk }).sdk;
    const server = await loopback((_, before) =>
      before === 0 ? { body: [{ id: "s" }] } : { status: 404, body: '"gone"' },
    );
    const client = createClient({ url: server.url, hmac: { type: "Metal-View", key: "view" } });
    expect(await client.size.list()).toEqual([{ id: "s" }]);
    const { authorization, "x-date": date, "x-data-salt": salt } = server.asked[0]!.headers;
    const mac = createHmac("sha256", "view")
      .update(`${String(date)}GET${String(salt)}`)
      .digest("hex");
    expect(authorization).toBe(`Metal-View ${mac}`);
    const refused: unknown = await client.size.get("x").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MetalError);
    expect(refused).toMatchObject({ status: 404, message: "gone" });
    await server.close();
  });

  it("type checks where there are no types of Node", async () => {
    const checked = promisify(execFile)(process.execPath, [TSC, "-p", join(HERE, "../tsconfig.browser.json")]);
    await expect(checked).resolves.toMatchObject({ stdout: "" });
  });
});
