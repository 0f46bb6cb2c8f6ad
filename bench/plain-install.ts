// The peer of an installation: a machine started bare with the discovery image, in which plain tools do the work.
import { spawn } from "node:child_process";
import { createReadStream, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { writeCpio } from "@metal-stack/discovery-image/cpio.ts";

const IMAGES = ".cache/images";
const OS_IMAGE = `${IMAGES}/os-images/debian-12.tar.zst`;
const DISK_BYTES = 2 * 2 ** 30;

/** Appended to an initramfs, it replaces the file of that path by an executable one. */
function replacement(path: string, content: Buffer): Buffer {
  const above = path.split("/").slice(0, -1);
  const directories = above.map((_, depth) => above.slice(0, depth + 1).join("/"));
  return Buffer.concat([
    ...writeCpio([
      ...directories.map((directory) => ({ path: directory, kind: "directory", mode: 0o755 }) as const),
      { path, kind: "file", mode: 0o755, content },
    ]),
  ]);
}

/** Seconds from the first step until the installed kernel is loaded and the disk in order. */
export async function plainInstall(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "bench-install-"));
  const store = createServer((_request, response) => createReadStream(OS_IMAGE).pipe(response));
  await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", () => resolve()));
  const { port } = store.address() as AddressInfo;
  const [disk, initrd] = [join(folder, "disk"), join(folder, "initrd")];
  writeFileSync(disk, "");
  truncateSync(disk, DISK_BYTES);
  const script = readFileSync(new URL("plain-install.sh", import.meta.url), "utf8").replace("{port}", String(port));
  const image = readFileSync(`${IMAGES}/discovery-image/metal-hammer-initrd.img.zst`);
  // Archives follow one another at multiples of four bytes.
  const gap = Buffer.alloc((4 - (image.length % 4)) % 4);
  writeFileSync(initrd, Buffer.concat([image, gap, replacement("usr/bin/node", Buffer.from(script))]));
  try {
    return await timed(disk, initrd);
  } finally {
    store.close();
    rmSync(folder, { recursive: true });
  }
}

function timed(disk: string, initrd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const machine = spawn(
      "qemu-system-x86_64",
      [
        ["-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"],
        ["-machine", "q35,graphics=off", "-accel", "tcg,tb-size=256", "-cpu", "qemu64", "-m", "1024"],
        ["-drive", `if=none,id=disk,file=${disk},format=raw,cache=unsafe,discard=unmap`],
        ["-device", "virtio-blk-pci,drive=disk"],
        ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="],
        ["-kernel", `${IMAGES}/discovery-image/metal-kernel`, "-initrd", initrd],
        ["-append", "console=ttyS0,115200"],
      ].flat(),
    );
    machine.on("error", reject);
    const said: string[] = [];
    machine.on("close", () => reject(new Error(`the plain installation failed:\n${said.slice(-15).join("\n")}`)));
    let started = NaN;
    createInterface({ input: machine.stdout }).on("line", (line) => {
      said.push(line);
      if (line.includes("plain install: starts")) started = Date.now();
      if (line.includes("hammer: ended")) machine.kill("SIGKILL");
      if (!line.includes("plain install: ready")) return;
      resolve((Date.now() - started) / 1000);
      machine.kill("SIGKILL");
    });
  });
}
