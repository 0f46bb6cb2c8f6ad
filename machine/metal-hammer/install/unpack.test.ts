import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unpack } from "./unpack.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unpack-"));
  mkdirSync(join(folder, "image/etc"), { recursive: true });
  mkdirSync(join(folder, "root"));
  writeFileSync(join(folder, "image/etc/hostname"), "debian\n", { mode: 0o640 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const shell = (command: string): string =>
  execFileSync("/bin/sh", ["-c", command], { cwd: folder, encoding: "utf8", stdio: "pipe" });
const signal = new AbortController().signal;

describe("an image archive", () => {
  for (const [name, pack] of [
    ["zstd", "zstd -q"],
    ["lz4", "lz4 -q"],
    ["gzip", "gzip"],
    ["nothing", "cat"],
  ] as const)
    it(`packed by ${name} is unpacked, and gone afterwards`, async () => {
      shell(`tar -C image -c . | ${pack} > archive`);
      await unpack(join(folder, "archive"), join(folder, "root"), signal);
      expect(readFileSync(join(folder, "root/etc/hostname"), "utf8")).toBe("debian\n");
      expect(statSync(join(folder, "root/etc/hostname")).mode & 0o777).toBe(0o640);
      expect(shell("ls").trim().split("\n")).toEqual(["image", "root"]);
    });

  it("that is none is refused", async () => {
    writeFileSync(join(folder, "archive"), "<html>not found</html>");
    await expect(unpack(join(folder, "archive"), join(folder, "root"), signal)).rejects.toThrow("no tar archive");
  });

  it("cannot write outside of the root", async () => {
    shell("tar -C image -P --transform 's,^,../../outside/,' -c etc/hostname > archive");
    await expect(unpack(join(folder, "archive"), join(folder, "root"), signal)).rejects.toThrow();
    expect(existsSync(join(folder, "../outside"))).toBe(false);
  });
});
