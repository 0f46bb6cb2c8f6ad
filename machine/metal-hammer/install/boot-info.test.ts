import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseBootInfo, readBootInfo, resolveInside } from "./boot-info.ts";

const YAML = "kernel: /vmlinuz\ninitrd: /boot/initrd.img\ncmdline: root=UUID=1 quiet\nbootloader_id: grub\n";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "rootfs-"));
  mkdirSync(join(root, "boot"));
  mkdirSync(join(root, "etc/metal"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

describe("what the image's installer answers", () => {
  it("names kernel and initrd, through links that stay inside the new system", async () => {
    writeFileSync(join(root, "boot/vmlinuz-6.1"), "");
    writeFileSync(join(root, "boot/initrd.img"), "");
    symlinkSync("/boot/vmlinuz-6.1", join(root, "vmlinuz"));
    writeFileSync(join(root, "etc/metal/boot-info.yaml"), YAML);
    expect(await readBootInfo(root)).toEqual({
      kernel: "/vmlinuz",
      initrd: "/boot/initrd.img",
      cmdline: "root=UUID=1 quiet",
      bootloaderId: "grub",
      kernelFile: join(root, "boot/vmlinuz-6.1"),
      initrdFile: join(root, "boot/initrd.img"),
    });
  });

  it("must be there, complete and true", async () => {
    await expect(readBootInfo(root)).rejects.toThrow("left no /etc/metal/boot-info.yaml");
    expect(() => parseBootInfo(YAML.replace("kernel:", "colonel:"))).toThrow("has no kernel");
    expect(() => parseBootInfo(`${YAML}cmdline: |\n  a\n  b\n`.replace("cmdline: root=UUID=1 quiet\n", ""))).toThrow(
      "not plain text",
    );
    writeFileSync(join(root, "etc/metal/boot-info.yaml"), YAML);
    await expect(readBootInfo(root)).rejects.toThrow("kernel /vmlinuz cannot be found");
    mkdirSync(join(root, "vmlinuz"));
    await expect(readBootInfo(root)).rejects.toThrow("kernel /vmlinuz is no file");
  });

  it("cannot lead out of the new system", async () => {
    symlinkSync("../../../../../../etc/passwd", join(root, "vmlinuz"));
    await expect(resolveInside(root, "/vmlinuz")).rejects.toThrow(join(root, "etc/passwd"));
    symlinkSync("loop", join(root, "loop"));
    await expect(resolveInside(root, "/loop")).rejects.toThrow("too many symbolic links");
  });
});
