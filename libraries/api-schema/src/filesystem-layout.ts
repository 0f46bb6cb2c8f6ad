import { type Static, Type } from "typebox";
import { Described, Expected, Identified } from "./base.ts";

const text = (description: string) => Type.String({ description });
const optional = (description: string) => Type.Optional(text(description));
const texts = (description: string) => Type.Optional(Type.Array(Type.String(), { description }));

export const FilesystemLayoutConstraints = Type.Object(
  {
    sizes: texts("sizes this layout is for"),
    images: Expected(
      Type.Record(Type.String(), Type.String(), { description: "operating system to version expression" }),
    ),
  },
  { $id: "v1.FilesystemLayoutConstraints" },
);

export const Filesystem = Type.Object(
  {
    path: optional("where it is mounted; absent: not mounted"),
    device: text("full path of the device"),
    format: text("vfat, ext3, ext4, swap, tmpfs or none"),
    label: optional("label of the filesystem"),
    mountoptions: texts("options for mounting"),
    createoptions: texts("options for creating, one word each"),
  },
  { $id: "v1.Filesystem" },
);

export const DiskPartition = Type.Object(
  {
    number: Type.Integer({
      format: "int64",
      minimum: 0,
      description: "partition number, will be appended to the device",
    }),
    label: optional("label of the partition"),
    size: Type.Integer({ format: "int64", minimum: 0, description: "MiB, 0 means the rest" }),
    gpttype: Expected(text("sgdisk type code")),
  },
  { $id: "v1.DiskPartition" },
);

export const Disk = Type.Object(
  {
    device: text("full path of the device"),
    partitions: Type.Optional(Type.Array(DiskPartition)),
    wipeonreinstall: Type.Boolean({ description: "erase the whole disk during reinstallation" }),
  },
  { $id: "v1.Disk" },
);

export const Raid = Type.Object(
  {
    arrayname: text("the device the array becomes"),
    devices: texts("devices the array is made of"),
    level: text("0 or 1"),
    createoptions: texts("options for creating"),
    spares: Type.Integer({ format: "int32", minimum: 0, description: "number of spares" }),
  },
  { $id: "v1.Raid" },
);

export const VolumeGroup = Type.Object(
  { name: text("name of the group"), devices: texts("devices of the group"), tags: texts("tags of the group") },
  { $id: "v1.VolumeGroup" },
);

export const LogicalVolume = Type.Object(
  {
    name: text("name of the volume"),
    volumegroup: text("the group it is in"),
    size: Type.Integer({ format: "int64", minimum: 0, description: "MiB, 0 means the rest" }),
    lvmtype: text("linear, striped or raid1"),
  },
  { $id: "v1.LogicalVolume" },
);

const layout = {
  ...Identified,
  ...Described,
  filesystems: Type.Optional(Type.Array(Filesystem)),
  disks: Type.Optional(Type.Array(Disk)),
  raid: Type.Optional(Type.Array(Raid)),
  volumegroups: Type.Optional(Type.Array(VolumeGroup)),
  logicalvolumes: Type.Optional(Type.Array(LogicalVolume)),
  constraints: FilesystemLayoutConstraints,
};

export const FilesystemLayoutCreateRequest = Type.Object(layout, { $id: "v1.FilesystemLayoutCreateRequest" });
export type FilesystemLayoutCreateRequest = Static<typeof FilesystemLayoutCreateRequest>;
export const FilesystemLayoutUpdateRequest = Type.Object(layout, { $id: "v1.FilesystemLayoutUpdateRequest" });
export const FilesystemLayoutResponse = Type.Object(layout, { $id: "v1.FilesystemLayoutResponse" });
export type FilesystemLayoutResponse = Static<typeof FilesystemLayoutResponse>;

export const FilesystemLayoutTryRequest = Type.Object(
  { size: text("machine size"), image: text("image id") },
  { $id: "v1.FilesystemLayoutTryRequest" },
);
export const FilesystemLayoutMatchRequest = Type.Object(
  { machine: text("machine id"), filesystemlayout: text("filesystemlayout id") },
  { $id: "v1.FilesystemLayoutMatchRequest" },
);
