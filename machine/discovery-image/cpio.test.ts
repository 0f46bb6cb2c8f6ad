import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeCpio, type CpioEntry } from "./cpio.ts";

const archive = (entries: readonly CpioEntry[]) => Buffer.concat([...writeCpio(entries)]);
const file = (path: string, text = "", mode = 0o644): CpioEntry => ({
  path,
  kind: "file",
  mode,
  content: Buffer.from(text),
});
const directory = (path: string): CpioEntry => ({ path, kind: "directory", mode: 0o755 });

const listing = (bytes: Buffer) =>
  execFileSync("cpio", ["-itvn", "--quiet"], {
    input: bytes,
    encoding: "utf8",
    env: { ...process.env, TZ: "UTC", LC_ALL: "C" },
  })
    .trim()
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " "));

describe("the archive", () => {
  it("is what cpio reads: files, directories, links and devices, all of root, all from 1970", () => {
    const bytes = archive([
      file("sbin/init", "#!/bin/sh\n", 0o755),
      directory("sbin"),
      { path: "bin", kind: "symlink", target: "usr/bin" },
      directory("dev"),
      { path: "dev/console", kind: "device", mode: 0o600, device: [5, 1] },
    ]);
    expect(listing(bytes)).toEqual([
      "lrwxrwxrwx 1 0 0 7 Jan 1 1970 bin -> usr/bin",
      "drwxr-xr-x 2 0 0 0 Jan 1 1970 dev",
      "crw------- 1 0 0 5, 1 Jan 1 1970 dev/console",
      "drwxr-xr-x 2 0 0 0 Jan 1 1970 sbin",
      "-rwxr-xr-x 1 0 0 10 Jan 1 1970 sbin/init",
    ]);
  });

  it("does not depend on the order in which things were collected", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9.]{1,8}$/), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(names, fc.integer(), (paths, seed) => {
        const entries = paths.map((path) => file(path, path.repeat(3)));
        const shuffled = [...entries].sort(
          (a, b) => ((a.path.length * 31 + seed) % 7) - ((b.path.length * 31 + seed) % 7),
        );
        expect(archive(shuffled).equals(archive(entries))).toBe(true);
        expect(archive(entries).length % 4).toBe(0);
      }),
    );
  });

  it("refuses two members with one path", () => {
    expect(() => archive([file("a"), file("a")])).toThrow("a is in the archive twice");
  });

  it("refuses a file without its directory: the kernel would drop it", () => {
    expect(() => archive([file("etc/passwd")])).toThrow("its directory is not in the archive");
  });
});
