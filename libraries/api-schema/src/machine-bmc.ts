// The board management controller of a machine, as the API shows it and as metal-bmc reports it.
import { type Static, Type } from "typebox";
import { Expected, Time } from "./base.ts";

const text = Type.Optional(Type.String());

export const MachineFru = Type.Object(
  {
    chassis_part_number: text,
    chassis_part_serial: text,
    board_mfg: text,
    board_mfg_serial: text,
    board_part_number: text,
    product_manufacturer: text,
    product_part_number: text,
    product_serial: text,
  },
  { $id: "v1.MachineFru", description: "Field Replaceable Unit: who made the parts" },
);
export type MachineFru = Static<typeof MachineFru>;

const watts = (description: string) => Type.Number({ format: "float", description });

export const PowerMetric = Type.Object(
  {
    averageconsumedwatts: watts("average over the interval"),
    intervalinmin: watts("minutes"),
    maxconsumedwatts: watts("most within the interval"),
    minconsumedwatts: watts("least within the interval"),
  },
  { $id: "v1.PowerMetric" },
);

export const PowerSupplyStatus = Type.Object(
  { health: Type.String(), state: Type.String() },
  { $id: "v1.PowerSupplyStatus" },
);
export const PowerSupply = Type.Object({ status: PowerSupplyStatus }, { $id: "v1.PowerSupply" });

export const MachineIPMI = Type.Object(
  {
    address: Type.String({ description: "host:port" }),
    mac: Type.String(),
    user: Type.String(),
    password: Type.String({ description: "empty for viewers" }),
    interface: Type.String(),
    fru: MachineFru,
    bmcversion: Type.String(),
    powerstate: Type.String({ description: "ON, OFF or UNKNOWN" }),
    powermetric: Expected(PowerMetric),
    powersupplies: Type.Array(PowerSupply),
    last_updated: Time("when the BMC was last heard of"),
  },
  { $id: "v1.MachineIPMI" },
);
export type MachineIPMI = Static<typeof MachineIPMI>;

export const MachineIpmiReport = Type.Object(
  {
    BMCIp: Expected(Type.String()),
    BMCVersion: Expected(Type.String()),
    BIOSVersion: Expected(Type.String()),
    FRU: Expected(MachineFru),
    PowerState: Expected(Type.String()),
    IndicatorLEDState: Expected(Type.String()),
    PowerMetric: Expected(PowerMetric),
    PowerSupplies: Expected(Type.Array(PowerSupply)),
  },
  { $id: "v1.MachineIpmiReport" },
);
export type MachineIpmiReport = Static<typeof MachineIpmiReport>;

export const MachineBmcLoginForgotten = Type.Object(
  {
    id: Type.String({ description: "the id of the machine" }),
    forgotten: Type.Integer({ format: "int32", description: "how many logins were known" }),
  },
  { $id: "v1.MachineBmcLoginForgotten" },
);

export const MachineIpmiReports = Type.Object(
  {
    partitionid: Type.Optional(Type.String()),
    reports: Type.Optional(Type.Record(Type.String(), MachineIpmiReport, { description: "by machine id" })),
  },
  { $id: "v1.MachineIpmiReports" },
);

export const MachineIpmiReportResponse = Type.Object(
  { updated: Type.Array(Type.String()), created: Type.Array(Type.String()) },
  { $id: "v1.MachineIpmiReportResponse" },
);
