import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { countOnDisk, newMark, plantOnDisk } from "./canary.ts";

it("finds every canary sector that was planted, and none of another mark", async () => {
  const folder = await mkdtemp(join(tmpdir(), "canary-"));
  const file = join(folder, "disk.raw");
  const disk = await open(file, "w");
  await disk.truncate(16 * 1024 * 1024);
  await disk.close();
  const mark = newMark();
  await plantOnDisk(file, mark, 100);
  expect(await countOnDisk(file, mark)).toBe(100 * (512 / mark.length));
  expect(await countOnDisk(file, newMark())).toBe(0);
  await rm(folder, { recursive: true });
});
