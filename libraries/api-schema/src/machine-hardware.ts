import { type Static, Type } from "typebox";

interface Nic {
  mac: string;
  name: string;
  identifier: string;
  neighbors: Nic[];
}

export const MachineNic = Type.Object(
  {
    mac: Type.String(),
    name: Type.String(),
    identifier: Type.String({ description: "identifies the port on the wire; of a neighbour, its LLDP port id" }),
    // A neighbour is described like a NIC; its own neighbours are always empty.
    neighbors: Type.Array(Type.Unsafe<Nic>({ $ref: "v1.MachineNic#" })),
  },
  { $id: "v1.MachineNic" },
);

export const MetalCPU = Type.Object(
  {
    vendor: Type.String(),
    model: Type.String(),
    cores: Type.Integer({ format: "int64", minimum: 0 }),
    threads: Type.Integer({ format: "int64", minimum: 0 }),
  },
  { $id: "v1.MetalCPU", description: "one a socket" },
);

export const MetalGPU = Type.Object(
  { vendor: Type.String(), model: Type.String() },
  { $id: "v1.MetalGPU", description: "one a device" },
);

export const MachineBlockDevice = Type.Object(
  { name: Type.String(), size: Type.Integer({ format: "int64", minimum: 0, description: "bytes" }) },
  { $id: "v1.MachineBlockDevice" },
);

export const MachineHardware = Type.Object(
  {
    memory: Type.Integer({ format: "int64", minimum: 0, description: "bytes" }),
    cpu_cores: Type.Integer({ format: "int32", description: "sum over all sockets" }),
    cpus: Type.Optional(Type.Array(MetalCPU)),
    gpus: Type.Optional(Type.Array(MetalGPU)),
    disks: Type.Array(MachineBlockDevice),
    nics: Type.Array(MachineNic),
  },
  { $id: "v1.MachineHardware" },
);
export type MachineHardware = Static<typeof MachineHardware>;

export const MachineBIOS = Type.Object(
  { version: Type.String(), vendor: Type.String(), date: Type.String() },
  { $id: "v1.MachineBIOS" },
);
