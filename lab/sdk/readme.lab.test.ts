// Every example of the SDK's README, type checked and run, against real processes and simulated machines.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as sdk from "@metal-stack/sdk";
import * as node from "@metal-stack/sdk/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Region } from "../faults/region.ts";
import { examplesIn, missingIn } from "./examples.ts";

const ROOT = join(import.meta.dirname, "../..");
const README = readFileSync(join(ROOT, "clients/sdk/README.md"), "utf8");
/** In the checkout, so that the examples find the package as users do. */
const FOLDER = join(ROOT, ".cache/sdk-examples");
const MACHINES = 3;
const PATIENCE_MS = 480_000;
const run = promisify(execFile);
const examples = examplesIn(README);

describe("the examples of the SDK's README", () => {
  const data = mkdtempSync(join(tmpdir(), "metal-sdk-readme-"));
  let region: Region;
  beforeAll(async () => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    for (const { file, code } of examples) writeFileSync(join(FOLDER, file), code);
    const config = { extends: "../../tsconfig.json", include: ["*.ts"], exclude: [] };
    writeFileSync(join(FOLDER, "tsconfig.json"), JSON.stringify(config));
    region = await Region.start({ folder: data, machines: MACHINES, together: true, say: () => undefined });
    for (const { uuid } of region.fleet.machines) await firstSeen(uuid);
  }, PATIENCE_MS);
  afterAll(async () => {
    await region?.close();
    rmSync(data, { recursive: true });
  }, PATIENCE_MS);

  /** A machine is not known before it asked to boot. */
  async function firstSeen(uuid: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        await region.api.machine.waitFor(uuid, "waiting", { timeout: PATIENCE_MS, interval: 200 });
        return;
      } catch (error) {
        if (!(error instanceof sdk.MetalError && error.status === 404) || Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  it("are right for the compiler", async () => {
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const checked = await run(process.execPath, [tsc, "-p", FOLDER]).catch((error: { stdout: string }) => error);
    expect(checked.stdout).toBe("");
  });

  it("show everything that the package gives", () => {
    const code = examples.map((example) => example.code).join("\n");
    const given = [...Object.keys(sdk), ...Object.keys(node)];
    expect(given.filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([]);
  });

  it.each(
    examples.map(
      (example) => [example.code.split("\n").find((line) => line.includes("await")) ?? "", example] as const,
    ),
  )(
    "do what they say: %s",
    async (_, { file, prints }) => {
      const { url, key } = region.access;
      const env = {
        PATH: process.env["PATH"],
        METAL_URL: url,
        METAL_HMAC: key,
        METAL_ISSUER: "http://127.0.0.1:1/dex",
      };
      const { stdout, stderr } = await run(process.execPath, [join(FOLDER, file)], { env });
      expect(stderr).toBe("");
      expect(missingIn(stdout, prints), stdout).toBeUndefined();
    },
    PATIENCE_MS,
  );
});
