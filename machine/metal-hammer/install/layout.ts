// Applies a filesystem layout to this machine's disks and mounts it under /rootfs.
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { agent } from "@metal-stack/protocol";
import { run } from "../command.ts";
import { releaseDisks, WITHOUT_UDEV } from "../disks/release.ts";
import type { Kept } from "./rules-keep.ts";
import * as rules from "./rules-layout.ts";

const env = { ...process.env, ...WITHOUT_UDEV };

/** Device nodes come from the kernel (devtmpfs), moments after the table was read. */
const NODE_TIME_LIMIT_MS = 10_000;

async function waitForNode(device: string, signal: AbortSignal): Promise<void> {
  for (const end = Date.now() + NODE_TIME_LIMIT_MS; ; await sleep(20, undefined, { signal })) {
    if (
      await access(device).then(
        () => true,
        () => false,
      )
    )
      return;
    if (Date.now() > end) throw new Error(`${device} did not appear within ${NODE_TIME_LIMIT_MS / 1000} s`);
  }
}

/**
 * Finds what a reinstallation keeps, and writes nothing to it.
 * @throws when something is missing or holds another filesystem than the layout says
 */
export async function findKept({ devices, arrays, groups, filesystems }: Kept, signal: AbortSignal): Promise<void> {
  for (const array of arrays) await run("mdadm", rules.arrayAssembly(array), { signal, env });
  for (const { name } of groups) await run("lvm", ["vgchange", "--activate", "y", name], { signal, env });
  for (const device of devices) await waitForNode(device, signal);
  for (const { device, format } of filesystems) {
    if (format === "none") continue;
    const found = (await run("blkid", ["-p", "-s", "TYPE", "-o", "value", device], { signal })).trim();
    if (found !== format)
      throw new rules.LayoutError(`${device} is to be kept, but holds ${found || "nothing"} instead of ${format}`);
  }
}

/** Partitions, arrays and volumes. Everything on the layout's disks is lost. */
export async function partitionDisks(layout: agent.FilesystemLayout, signal: AbortSignal): Promise<void> {
  for (const disk of layout.disks) {
    await run("wipefs", ["--all", "--force", disk.device], { signal });
    await run("sgdisk", rules.partitioning(disk), { signal });
    const devices = disk.partitions.map(({ number }) => rules.partitionDevice(disk.device, number));
    for (const device of devices) await waitForNode(device, signal);
    // Where a partition of an earlier layout began at the same place, its signature is still there.
    if (devices.length > 0) await run("wipefs", ["--all", "--force", ...devices], { signal });
  }
  for (const array of layout.raid) await run("mdadm", rules.arrayCreation(array), { signal, env, input: "y\n" });
  // A fresh array may resync as fast as it can. Only a matter of speed.
  if (layout.raid.length > 0) await writeFile("/proc/sys/dev/raid/speed_limit_min", "200000000").catch(() => undefined);
  for (const group of layout.volumeGroups) await run("lvm", rules.volumeGroupCreation(group), { signal, env });
  for (const volume of layout.logicalVolumes) {
    const devices = layout.volumeGroups.find(({ name }) => name === volume.volumeGroup)?.devices.length ?? 1;
    await run("lvm", rules.logicalVolumeCreation(volume, devices), { signal, env });
  }
}

export async function makeFilesystems(layout: agent.FilesystemLayout, signal: AbortSignal): Promise<void> {
  for (const filesystem of layout.filesystems) {
    const creation = rules.filesystemCreation(filesystem);
    if (creation !== undefined) await run(creation.command, creation.args, { signal });
  }
}

export async function mountFilesystems(layout: agent.FilesystemLayout, signal: AbortSignal): Promise<void> {
  for (const { device, path, format, mountOptions } of rules.mountOrder(layout)) {
    const target = join(rules.ROOT, path);
    await mkdir(target, { recursive: true });
    const options = rules.mountOptions(mountOptions);
    const args = ["-t", format, ...(options.length > 0 ? ["-o", options.join(",")] : []), device, target];
    await run("mount", args, { signal });
  }
}

/** A program that was just killed may hold a mount for a moment; this many tries, so far apart. */
const UNMOUNT_TRIES = 10;
const UNMOUNT_EVERY_MS = 300;

/** Unmounts everything below /rootfs, innermost first. @throws when something keeps a mount busy */
export async function unmountRoot(): Promise<void> {
  const mounts = (await readFile("/proc/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const target of mounts.filter((path) => path === rules.ROOT || path.startsWith(`${rules.ROOT}/`)).reverse())
    for (let tries = 1; ; tries++) {
      try {
        await run("umount", [target], { timeoutMs: 120_000 });
        break;
      } catch (error) {
        if (tries === UNMOUNT_TRIES) throw error;
        await sleep(UNMOUNT_EVERY_MS);
      }
    }
}

/** Leaves nothing in use of what an earlier, interrupted installation may have left. */
export async function startOver(layout: agent.FilesystemLayout, signal: AbortSignal): Promise<void> {
  await unmountRoot();
  await releaseDisks(
    layout.disks.map(({ device }) => device),
    signal,
  );
}

/** Filesystem UUIDs by device, for fstab and the kernel's command line. */
export async function filesystemUuids(
  layout: agent.FilesystemLayout,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const uuids = new Map<string, string>();
  for (const { device, format } of layout.filesystems) {
    if (format === "tmpfs" || format === "none") continue;
    const uuid = (await run("blkid", ["-p", "-s", "UUID", "-o", "value", device], { signal })).trim();
    if (!/^[0-9A-Za-z-]{4,64}$/.test(uuid)) throw new Error(`${device}: blkid tells no UUID: "${uuid}"`);
    uuids.set(device, uuid);
  }
  return uuids;
}

/** Makes what was installed unusable: signatures of all filesystems are wiped. */
export async function destroyFilesystems(layout: agent.FilesystemLayout): Promise<void> {
  await unmountRoot();
  for (const { device, format } of layout.filesystems)
    if (format !== "tmpfs") await run("wipefs", ["--all", "--force", device]);
}
