import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eraseDisk, type EraseOptions } from "./erase.ts";
import { eraseDisks } from "./index.ts";
import type { Disk } from "./inventory.ts";
import type { EraseMethod } from "./methods/index.ts";
import { discard, overwrite, writeZeroes } from "./methods/overwrite.ts";
import { releaseDisks } from "./release.ts";
import { createLoopDisk, whyNoLoopDisks } from "./testing/loop-disk.ts";

const MEBIBYTE = 2 ** 20;
/** No multiple of the write block, so that the tail is a short one. */
const SIZE = 33 * MEBIBYTE + 512;

const skipped = whyNoLoopDisks();
if (skipped !== undefined) console.warn(`SKIPPED: erasing loop disks (${skipped})`);

async function write(disk: Disk, content: Uint8Array, position = 0): Promise<void> {
  const device = await open(disk.name, "r+");
  await device.write(content, 0, content.length, position);
  await device.sync();
  await device.close();
}

/** A tenant's disk: data everywhere, and a file system on top. */
async function fill(disk: Disk): Promise<void> {
  await write(disk, randomBytes(SIZE));
  execFileSync("mkfs.ext4", ["-q", "-F", disk.name], { stdio: "pipe" });
}

const method = (name: string, leaves: EraseMethod["leaves"], execute: (disk: Disk) => Promise<void>): EraseMethod => ({
  name,
  leaves,
  patienceMs: 60_000,
  execute,
});

const erase = async (disk: Disk, methods: readonly EraseMethod[], options: Partial<EraseOptions> = {}) =>
  eraseDisk(disk, {
    sampleSectors: 1000,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    methods,
    ...options,
  });

describe.skipIf(skipped !== undefined)("erasing a disk", { timeout: 60_000 }, () => {
  for (const real of [discard, writeZeroes, overwrite]) {
    it(`by ${real.name} leaves zeros and no signature`, async () => {
      await using loop = await createLoopDisk(SIZE);
      await fill(loop.disk);
      const record = await erase(loop.disk, [real]);
      expect(record).toMatchObject({
        name: loop.disk.name,
        size: BigInt(SIZE),
        method: real.name,
        verified: true,
        attempts: [],
        sectorsNotZero: 0n,
        sectorSize: 512,
        marksProven: expect.any(Number),
      });
      expect(record.sectorsSampled).toBe(1000n + BigInt((4 * MEBIBYTE) / 512));
      expect(readFileSync(loop.file).every((byte) => byte === 0)).toBe(true);
    });
  }

  it("falls through to the next method when one only pretends, and one fails", async () => {
    await using loop = await createLoopDisk(SIZE);
    await fill(loop.disk);
    const liar = method("liar", "zeros", async () => undefined);
    const broken = method("broken", "zeros", async () => {
      throw new Error("medium error");
    });
    const record = await erase(loop.disk, [liar, broken, overwrite]);
    expect(record).toMatchObject({ method: "overwrite", verified: true });
    expect(record.attempts).toEqual([
      expect.stringMatching(/^liar: \d+ of \d+ sectors read back are not zero$/),
      "broken: medium error",
    ]);
  });

  it("is not verified when a single sector at the very end survives", async () => {
    await using loop = await createLoopDisk(SIZE);
    const forgetful = method("forgetful", "zeros", async (disk) => {
      await overwrite.execute(disk, { progress: () => undefined, signal: new AbortController().signal });
      await write(disk, Buffer.from("secret"), SIZE - 512);
    });
    const record = await erase(loop.disk, [forgetful]);
    expect(record).toMatchObject({ verified: false, sectorsNotZero: 1n });
    expect(record.error).toContain("no method erased this disk");
  });

  it("accepts noise after a crypto erase, but not what was there before", async () => {
    await using loop = await createLoopDisk(SIZE);
    await fill(loop.disk);
    const noise = method("crypto", "changed", async (disk) => write(disk, randomBytes(SIZE)));
    expect(await erase(loop.disk, [noise])).toMatchObject({ method: "crypto", verified: true, attempts: [] });

    const idle = method("idle crypto", "changed", async () => undefined);
    const record = await erase(loop.disk, [idle]);
    expect(record.verified).toBe(false);
    expect(record.error).toContain("sectors read back are as before");
  });

  it("says that a disk is in use, and erases it once it is released", async () => {
    await using loop = await createLoopDisk(SIZE);
    await fill(loop.disk);
    const target = mkdtempSync(join(tmpdir(), "mounted-"));
    execFileSync("mount", [loop.disk.name, target]);
    try {
      const record = await erase(loop.disk, [discard, overwrite]);
      expect(record).toMatchObject({ verified: false });
      expect(record.error).toMatch(/busy/i);
      await releaseDisks([loop.disk.name], new AbortController().signal);
      expect(readFileSync("/proc/mounts", "utf8")).not.toContain(target);
      expect(await erase(loop.disk, [overwrite])).toMatchObject({ verified: true });
    } finally {
      rmSync(target, { recursive: true });
    }
  });

  it("reports an interruption, and disks that cannot be erased at all, instead of throwing", async () => {
    await using loop = await createLoopDisk(SIZE);
    const signal = AbortSignal.abort(new Error("the machine is wanted elsewhere"));
    expect(await erase(loop.disk, [overwrite], { signal })).toMatchObject({
      verified: false,
      error: "interrupted: the machine is wanted elsewhere",
    });
    expect(await erase({ ...loop.disk, size: 0n }, [overwrite])).toMatchObject({
      verified: false,
      error: expect.stringContaining("no capacity"),
    });
    expect(await erase({ ...loop.disk, readOnly: true }, [overwrite])).toMatchObject({
      verified: false,
      error: "the disk is write-protected",
    });
    expect(await erase({ ...loop.disk, name: "/dev/no-such-disk" }, [overwrite])).toMatchObject({ verified: false });
  });
});

describe("erasing all disks", () => {
  it("is refused on a system that lives on a disk", async () => {
    const erasing = eraseDisks({ jobId: "1", sampleSectors: 1 }, () => undefined, new AbortController().signal);
    await expect(erasing).rejects.toThrow("no discovery image");
  });
});
