// Every example of the SDK, type checked and run, against real processes and simulated machines: those of its doc comments,
// of its README, and the programs from which the doc comments of the generated calls are taken.
import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import * as sdk from "@metal-stack/sdk";
import * as node from "@metal-stack/sdk/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Region } from "../faults/region.ts";
import { differences, type Document, operationAt } from "./conformity.ts";
import { type Example, example, examplesIn, examplesOf, missingIn } from "./examples.ts";
import { type Gateway, openGateway } from "./gateway.ts";
import { type Issuer, startIssuer } from "./issuer.ts";

const ROOT = join(import.meta.dirname, "../..");
const SDK = join(ROOT, "clients/sdk");
/** In the checkout, so that the examples find the package as users do. */
const FOLDER = join(ROOT, ".cache/sdk-examples");
const MACHINES = 3;
const PATIENCE_MS = 480_000;
const run = promisify(execFile);
const sources = (pattern: string) =>
  globSync(join(SDK, pattern))
    .sort()
    .map((file) => [basename(file), readFileSync(file, "utf8")] as const);

const client = readFileSync(join(SDK, "examples/client.ts"), "utf8");
const groups: Readonly<Record<string, readonly Example[]>> = {
  comments: [example("client.ts", client), ...sources("src/*.ts").flatMap(([, source]) => examplesOf(source))],
  readme: examplesIn(readFileSync(join(SDK, "README.md"), "utf8")),
  programs: sources("examples/*.ts").map(([file, code]) => example(file, code)),
};
const programs = Object.entries(groups).flatMap(([group, examples]) =>
  examples.map((example) => [group, example.file, example] as const),
);

/** What a region without a store for firmware and without a VPN refuses; their own tests have both. */
const REFUSED = ["listFirmwares", "removeFirmware", "uploadFirmware", "updateFirmware", "getVPNAuthKey"];
/** Refused where nothing is amiss: no machine is in quarantine, no BMC's password is left over, no port has a machine. */
const REFUSED_WELL = ["overrideMachineErase", "forgetBmcLogin", "toggleSwitchPort"];

describe("the examples of the SDK", () => {
  const data = mkdtempSync(join(tmpdir(), "metal-sdk-examples-"));
  let region: Region;
  let gateway: Gateway;
  let issuer: Issuer;
  beforeAll(async () => {
    rmSync(FOLDER, { recursive: true, force: true });
    for (const [group, file, { code }] of programs) {
      mkdirSync(join(FOLDER, group), { recursive: true });
      writeFileSync(join(FOLDER, group, file), code);
    }
    const config = { extends: "../../tsconfig.json", include: ["*/*.ts"], exclude: [] };
    writeFileSync(join(FOLDER, "tsconfig.json"), JSON.stringify(config));
    issuer = await startIssuer();
    const issuers = join(data, "issuers.json");
    issuer.accept(issuers);
    const folder = join(data, "region");
    mkdirSync(folder);
    const adjust = (env: Readonly<Record<string, string>>) => ({ ...env, METAL_API_OIDC_ISSUERS_FILE: issuers });
    region = await Region.start({ folder, machines: MACHINES, together: true, adjust, say: () => undefined });
    gateway = await openGateway(region.access.url);
    for (const { uuid } of region.fleet.machines) await firstSeen(uuid);
  }, PATIENCE_MS);
  afterAll(async () => {
    await gateway?.close();
    await region?.close();
    await issuer?.close();
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

  it("show everything that the package gives: in README.md, and in the comment of each function", () => {
    const given = [...Object.keys(sdk), ...Object.keys(node)];
    const readme = groups["readme"]!.map(({ code }) => code).join("\n");
    expect(given.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
    const { machine: _, ...calls } = sdk.createClient({ url: "http://localhost" });
    const byHand = Object.entries(calls).flatMap(([name, call]) => (typeof call === "function" ? [name] : []));
    const documented = groups["comments"]!.map(({ file }) => basename(file, ".ts"));
    expect(documented).toEqual(expect.arrayContaining([...given, ...byHand, "waitFor"]));
  });

  it.each(programs)(
    "do what they say: %s/%s",
    async (group, file, { prints }) => {
      const env = {
        PATH: process.env["PATH"],
        METAL_URL: gateway.url,
        METAL_HMAC: region.access.key,
        METAL_ISSUER: issuer.issuer,
      };
      const { stdout, stderr } = await run(process.execPath, [join(FOLDER, group, file)], { env });
      expect(stderr).toBe("");
      expect(missingIn(stdout, prints), stdout).toBeUndefined();
    },
    PATIENCE_MS,
  );

  it("call every operation, and are answered what the types say", async () => {
    const document = await region.api.get<Document>("/apidocs.json");
    const base = new URL(gateway.url).pathname;
    const done = new Set<string>();
    const wrong = new Set<string>();
    for (const { method, path, status, body } of gateway.passed) {
      const operation = operationAt(document, method, path.slice(base.length));
      if (!operation || status >= 300) continue;
      const { operationId, responses } = operation;
      done.add(operationId);
      const answer: unknown = body === "" ? undefined : JSON.parse(body);
      for (const one of differences(answer, responses[status]?.schema, document)) wrong.add(`${operationId}${one}`);
    }
    expect([...wrong]).toEqual([]);
    const all = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(all.filter((id) => !done.has(id)).sort()).toEqual([...REFUSED, ...REFUSED_WELL].sort());
  });
});
