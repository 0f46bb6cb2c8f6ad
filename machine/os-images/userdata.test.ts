// The image's own script for user data, run as the image runs it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const SCRIPT = join(import.meta.dirname, "debian/files/usr/lib/metal/userdata");

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "userdata-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function runUserData(text: string): { code: number | null; errors: string } {
  const file = join(folder, "userdata");
  writeFileSync(file, text.replaceAll("DIR", folder));
  const { status, stderr } = spawnSync("perl", [SCRIPT, file], { encoding: "utf8" });
  return { code: status, errors: stderr };
}
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

describe("user data", () => {
  it("that is a script runs", () => {
    expect(runUserData("#!/bin/sh\necho done > DIR/result\n").code).toBe(0);
    expect(read("result")).toBe("done\n");
  });

  it("that is a cloud-config writes files and runs commands, in order", () => {
    const { code, errors } = runUserData(`#cloud-config
# a comment
write_files:
  - path: DIR/deep/plain   # where
    content: |
      first line
        indented

      last line
    permissions: '0640'
  - content: "tab\\tand \\"quotes\\"\\n"
    path: 'DIR/quoted'
  - path: DIR/encoded
    encoding: b64
    content: aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBsb25nZXIgdGV4dCBvdmVyIHNpeHR5IGNoYXJhY3RlcnM=
  - path: DIR/quoted
    append: true
    content: more
runcmd:
- echo one > DIR/commands
- [sh, -c, "echo two >> DIR/commands"]
- - sh
  - -c
  - echo three >> DIR/commands
- |
  if true; then
    echo four >> DIR/commands
  fi
`);
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(read("deep/plain")).toBe("first line\n  indented\n\nlast line\n");
    expect(statSync(join(folder, "deep/plain")).mode & 0o777).toBe(0o640);
    expect(read("quoted")).toBe('tab\tand "quotes"\nmore');
    expect(read("encoded")).toBe("hello world, this is a longer text over sixty characters");
    expect(read("commands")).toBe("one\ntwo\nthree\nfour\n");
  });

  it("that fails says so, after doing the rest", () => {
    const { code, errors } = runUserData("#cloud-config\npackages: [vim]\nruncmd:\n  - exit 3\n  - touch DIR/after\n");
    expect(code).toBe(1);
    expect(errors).toContain("packages is not supported");
    expect(errors).toContain("ended with code 3");
    expect(read("after")).toBe("");
  });

  it("that cannot be understood is refused whole", () => {
    for (const text of [
      "hello",
      '{"ignition":{}}',
      "#cloud-config\nruncmd: &anchor\n",
      "#cloud-config\nruncmd:\n  - a\n b\n",
    ]) {
      const { code, errors } = runUserData(text);
      expect(code, text).not.toBe(0);
      expect(errors).toContain("user data:");
    }
  });
});
