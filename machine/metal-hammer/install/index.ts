// Installs an allocation's operating system on this machine and gets ready to boot it.
//
// The steps, and why in this order, are described in docs/install.md. An installation that broke off anywhere starts
// again from the beginning: the first step takes everything out of use that it may have left.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { agent } from "@metal-stack/protocol";
import { run } from "../command.ts";
import { assertRunsFromMemory } from "../disks/running-system.ts";
import { readBootInfo } from "./boot-info.ts";
import { endProcessesInRoot, mountSpecial, runInstaller } from "./chroot.ts";
import { installEnv, installYaml, userData, type ContractFacts, type InstallMachine } from "./contract.ts";
import { download, expectedSha256 } from "./download.ts";
import * as layouts from "./layout.ts";
import { checkLayout, fstab, LayoutError, primaryDisk, ROOT, rootFilesystem } from "./rules-layout.ts";
import { installation, reinstallation } from "./rules-keep.ts";
import { unpack } from "./unpack.ts";

export type { InstallMachine } from "./contract.ts";

export interface BootInfo {
  readonly imageId: string;
  /** "/dev/vda" */
  readonly primaryDisk: string;
  /** "/dev/vda3" */
  readonly osPartition: string;
  /** Paths in the installed system. */
  readonly initrd: string;
  readonly kernel: string;
  readonly cmdline: string;
  readonly bootloaderId: string;
}

export interface Installed {
  readonly bootInfo: BootInfo;
  /** Leaves the hammer for the installed kernel; everything is unmounted and in place. Returns only by an error. */
  readonly kexec: () => Promise<never>;
}

/** Told between two progress steps of the download. */
const PROGRESS_PERCENT = 10;

/** Where the archive lies until it is unpacked: on the disk it is for. */
const ARCHIVE = join(ROOT, ".metal-image");

/**
 * Installs `order` and loads the new kernel. `beforeTouching` must resolve before a disk is changed; `onStep` gets what is being done ("partition disks", "image: 40 %", …) and
 * what the image's installer writes.
 * @throws with what to do about it; when the image's checksum is wrong, nothing bootable is left on the disks
 */
export async function install(
  order: agent.Install,
  machine: InstallMachine,
  beforeTouching: () => Promise<void>,
  onStep: (name: string) => void,
  signal: AbortSignal,
): Promise<Installed> {
  await assertRunsFromMemory();
  const { image, filesystemLayout: layout } = order;
  if (image === undefined || !/^https?:\/\//.test(image.url))
    throw new Error("the order has no image with an http(s) URL");
  if (layout === undefined) throw new LayoutError("the order has no filesystem layout");
  checkLayout(layout);
  // Before anything is touched: without a checksum nothing can be installed.
  const sha256 = await expectedSha256(image, { onProgress: () => undefined, signal });

  const { made, kept } = order.reinstall ? reinstallation(layout) : installation(layout);
  await endProcessesInRoot();
  await layouts.startOver(layout, signal);
  await layouts.findKept(kept, signal);
  // From here on something may be lost.
  await beforeTouching();
  onStep("partition disks");
  await layouts.partitionDisks(made, signal);
  onStep("make filesystems");
  await layouts.makeFilesystems(made, signal);
  await layouts.mountFilesystems(layout, signal);

  await fetchImage(image.url, sha256, made, onStep, signal);
  onStep("unpack image");
  await unpack(ARCHIVE, ROOT, signal);

  const uuids = await layouts.filesystemUuids(layout, signal);
  const root = rootFilesystem(layout);
  const rootUuid = uuids.get(root.device) ?? "";
  const disk = primaryDisk(layout, root.device);
  onStep("configure");
  await writeContract({ order, machine, rootUuid, primaryDisk: disk, timestamp: new Date() });
  await mountSpecial(signal);
  await runInstaller((line) => onStep(line), signal);
  const info = await readBootInfo(ROOT);
  await writeFile(join(ROOT, "etc/fstab"), fstab(layout, uuids, machine.hammerVersion));

  onStep("load kernel");
  // Loading copies kernel and initrd into memory. Their checksum was checked when the image was; checking it again
  // after the jump (kexec's default) takes seconds.
  await run(
    "kexec",
    ["--load", "--no-checks", `--initrd=${info.initrdFile}`, `--command-line=${info.cmdline}`, info.kernelFile],
    { signal },
  );
  onStep("unmount");
  await endProcessesInRoot();
  await layouts.unmountRoot();
  await run("sync");

  const { kernel, initrd, cmdline, bootloaderId } = info;
  return {
    bootInfo: { imageId: image.id, primaryDisk: disk, osPartition: root.device, kernel, initrd, cmdline, bootloaderId },
    kexec: async () => {
      await run("kexec", ["--exec"]);
      throw new Error("kexec returned: the kernel refused to start the installed one");
    },
  };
}

/** Download and check; a wrong image leaves nothing on the disks that could be mounted or booted. */
async function fetchImage(
  url: string,
  expected: string,
  layout: agent.FilesystemLayout,
  onStep: (name: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let told = 0;
  const onProgress = (bytes: number, total: number): void => {
    const percent = total === 0 ? 0 : Math.floor((bytes / total) * 100);
    if (percent < told + PROGRESS_PERCENT) return;
    told = percent - (percent % PROGRESS_PERCENT);
    onStep(`image: ${told} % of ${(total / 2 ** 20).toFixed(0)} MiB`);
  };
  onStep("fetch image");
  const { sha256, bytes } = await download(url, ARCHIVE, { onProgress, signal });
  if (sha256 === expected) return;
  await layouts.destroyFilesystems(layout);
  throw new Error(
    `image ${url} has the wrong SHA-256: expected ${expected}, got ${sha256} (${bytes} bytes); nothing was installed`,
  );
}

/** /etc/metal, readable by root alone: it holds a password. */
async function writeContract(facts: ContractFacts): Promise<void> {
  const folder = join(ROOT, "etc/metal");
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const secret = { mode: 0o600 };
  // An image may bring a boot-info.yaml of its own build; only the installer's answer counts.
  await rm(join(folder, "boot-info.yaml"), { force: true });
  await writeFile(join(folder, "install.yaml"), installYaml(facts), secret);
  await writeFile(join(folder, "install.env"), installEnv(facts), secret);
  await writeFile(join(folder, "userdata"), userData(facts.order.userData), secret);
}
