import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const BUNDLE = new URL("bundle.ts", import.meta.url).href;
const PRINT_BUNDLE = `process.stdout.write(await (await import("${BUNDLE}")).bundleHammer())`;

async function bundleFrom(cwd: string): Promise<string> {
  const options = { cwd, maxBuffer: 16 * 1024 * 1024 };
  return (await promisify(execFile)(process.execPath, ["--input-type=module", "-e", PRINT_BUNDLE], options)).stdout;
}

it("bundles the hammer to the same bytes wherever the build is started", async () => {
  const [here, elsewhere] = await Promise.all([bundleFrom(process.cwd()), bundleFrom(tmpdir())]);
  expect(here.length).toBeGreaterThan(100_000);
  expect(elsewhere === here).toBe(true);
});
