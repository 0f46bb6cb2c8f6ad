// What a reinstallation leaves alone: disks without `wipeOnReinstall`, and all that lies on them alone. The original makes every
// filesystem of the layout anew and clears signatures on every disk it names, so that data is lost that was to be kept.
import type { agent } from "@metal-stack/protocol";
import { LayoutError, partitionDevice } from "./rules-layout.ts";

type Layout = agent.FilesystemLayout;

export interface Kept {
  /** What must be there when the arrays are assembled and the groups activated. */
  readonly devices: readonly string[];
  readonly arrays: readonly agent.Raid[];
  readonly groups: readonly agent.VolumeGroup[];
  readonly filesystems: readonly agent.Filesystem[];
}

export interface Plan {
  /** The part of the layout that is made; what was there is lost. */
  readonly made: Layout;
  readonly kept: Kept;
}

/** The first installation keeps nothing. */
export function installation(layout: Layout): Plan {
  return { made: layout, kept: { devices: [], arrays: [], groups: [], filesystems: [] } };
}

/**
 * "/" is made anew wherever it is, because the new system starts empty.
 * @throws {LayoutError} for an array or a volume group on disks of both kinds: it can neither be kept nor made
 */
export function reinstallation(layout: Layout): Plan {
  const kept = new Set<string>();
  for (const { device, partitions, wipeOnReinstall } of layout.disks)
    if (!wipeOnReinstall)
      for (const name of partitions.length === 0 ? [device] : partitions.map((p) => partitionDevice(device, p.number)))
        kept.add(name);
  const isKept = (name: string, devices: readonly string[]): boolean => {
    const found = devices.filter((device) => kept.has(device));
    if (found.length > 0 && found.length < devices.length)
      throw new LayoutError(`filesystem layout: ${name} lies on disks that are kept and on disks that are wiped`);
    return found.length > 0;
  };
  const arrays = layout.raid.filter(({ arrayName, devices }) => {
    const found = isKept(`RAID ${arrayName}`, devices);
    if (found) kept.add(arrayName);
    return found;
  });
  const groups = layout.volumeGroups.filter(({ name, devices }) => isKept(`volume group ${name}`, devices));
  const volumes = layout.logicalVolumes.filter(({ volumeGroup }) => groups.some(({ name }) => name === volumeGroup));
  for (const { volumeGroup, name } of volumes) kept.add(`/dev/${volumeGroup}/${name}`);
  const filesystems = layout.filesystems.filter(
    ({ device, path, format }) => kept.has(device) && path !== "/" && format !== "tmpfs",
  );
  const others = <T>(all: readonly T[], some: readonly T[]): T[] => all.filter((one) => !some.includes(one));
  return {
    made: {
      ...layout,
      disks: layout.disks.filter(({ wipeOnReinstall }) => wipeOnReinstall),
      raid: others(layout.raid, arrays),
      volumeGroups: others(layout.volumeGroups, groups),
      logicalVolumes: others(layout.logicalVolumes, volumes),
      filesystems: others(layout.filesystems, filesystems),
    },
    kept: { devices: [...kept], arrays, groups, filesystems },
  };
}
