// Machines in the hands of tenants and operators.
import { body, id, M1, M2, NOBODY, PROJECT, type Row, SPARE } from "./row.ts";

/** Both machines wait when it begins. */
export const allocating = (): Row[] => [
  { operation: "listMachines", role: "Metal-View", payload: [{ id: M1, size: { id: "v1-small" } }] },
  { operation: "findMachine", parameters: id(M1), payload: { liveliness: "Alive", rackid: "r1" } },
  { operation: "findMachine", parameters: id(NOBODY), result: "Default", error: "NotFound" },
  {
    operation: "findMachines",
    parameters: body({ partition_id: "fra", sizeid: "v1-small" }),
    payload: [{ id: M1 }, { id: M2 }],
  },
  {
    operation: "allocateMachine",
    role: "Metal-Edit",
    parameters: (seen) =>
      body({
        name: "web",
        hostname: "web",
        projectid: PROJECT,
        partitionid: "fra",
        sizeid: "v1-small",
        imageid: "debian-12.0",
        uuid: M1,
        networks: [{ networkid: seen["allocateNetwork"]!["id"], autoacquire: true }],
        ssh_pub_keys: [],
        tags: ["env=test"],
      }),
    payload: { id: M1, allocation: { name: "web", project: PROJECT } },
  },
  {
    operation: "allocateFirewall",
    role: "Metal-Edit",
    parameters: (seen) =>
      body({
        name: "fw",
        hostname: "fw",
        projectid: PROJECT,
        partitionid: "fra",
        sizeid: "v1-small",
        imageid: "debian-12.0",
        uuid: M2,
        networks: [
          { networkid: seen["allocateNetwork"]!["id"], autoacquire: true },
          { networkid: "internet", autoacquire: true },
        ],
      }),
    payload: { id: M2, allocation: { role: "firewall" } },
  },
  { operation: "listFirewalls", payload: [{ id: M2 }] },
  { operation: "findFirewalls", parameters: body({ allocation_project: PROJECT }), payload: [{ id: M2 }] },
  { operation: "findFirewall", parameters: id(M2), payload: { id: M2 } },
  {
    operation: "findImages",
    parameters: { showUsage: true, ...body({}) },
    payload: [{ id: "debian-12.0.20261101", usedby: [M1] }],
  },
  {
    operation: "deleteImage",
    parameters: id("debian-12.0.20261101"),
    result: "Default",
    error: "is in use by machines",
  },
  { operation: "deleteProject", parameters: id(PROJECT), result: "Default", error: "still" },
];

/** With both machines installed; `password` is the console's of the first. */
export const operating = (password: string): Row[] => [
  { operation: "findMachine", parameters: id(M1), payload: { allocation: { succeeded: true } } },
  {
    operation: "getMachineConsolePassword",
    role: "Metal-Edit",
    parameters: body({ id: M1, reason: "a test looks" }),
    payload: { console_password: password },
  },
  {
    operation: "updateMachine",
    parameters: body({ id: M1, description: "shop window", tags: ["env=prod"] }),
    payload: { allocation: { description: "shop window" } },
  },
  {
    operation: "setMachineState",
    role: "Metal-Edit",
    parameters: { id: M1, ...body({ value: "LOCKED", description: "busy" }) },
    payload: { state: { value: "LOCKED" } },
  },
  { operation: "freeMachine", role: "Metal-Edit", parameters: id(M1), result: "Default", error: "locked" },
  {
    operation: "setMachineState",
    parameters: { id: M1, ...body({ value: "", description: "" }) },
    payload: { state: { value: "" } },
  },
  ...["machineBios", "machineCycle", "machineDisk", "machineOff", "machineOn", "machinePxe", "machineReset"].map(
    (operation): Row => ({ operation, role: "Metal-Edit", parameters: { id: M1, ...body({}) }, payload: { id: M1 } }),
  ),
  {
    operation: "chassisIdentifyLEDOn",
    parameters: { id: M1, description: "look here", ...body({}) },
    payload: { ledstate: { value: "LED-ON" } },
  },
  {
    operation: "chassisIdentifyLEDOff",
    parameters: { id: M1, description: "thanks", ...body({}) },
    payload: { ledstate: { value: "LED-OFF" } },
  },
  {
    operation: "ipmiReport",
    role: "Metal-Edit",
    parameters: body({
      partitionid: "fra",
      reports: {
        [M1]: {
          BMCIP: "10.0.0.1",
          BMCVersion: "2.0",
          BIOSVersion: "1.1",
          FRU: { board_mfg: "Supermicro", board_part_number: "X11DPT-B" },
          PowerState: "ON",
          IndicatorLEDState: "LED-OFF",
          PowerMetric: null,
          PowerSupplies: null,
        },
      },
    }),
    payload: { updated: [M1] },
  },
  { operation: "findIPMIMachine", parameters: id(M1), payload: { ipmi: { powerstate: "ON" } } },
  { operation: "findIPMIMachines", parameters: body({ allocation_name: "web" }), payload: [{ id: M1 }] },
  { operation: "listIssues", payload: [{ id: "no-partition" }] },
  { operation: "issues", parameters: body({}) },
  {
    operation: "reinstallMachine",
    role: "Metal-Edit",
    parameters: { id: M2, ...body({ imageid: "debian-12.0.20261101", description: "again" }) },
    payload: { id: M2, allocation: { reinstall: true } },
  },
  {
    operation: "getVPNAuthKey",
    parameters: body({ pid: PROJECT, ephemeral: true, reason: "a test joins" }),
    payload: {},
  },
  { operation: "findAuditTraces", parameters: body({ limit: 5 }) },
];

export const leaving = (): Row[] => [
  { operation: "freeMachine", role: "Metal-Edit", parameters: id(M1), payload: { id: M1 } },
  { operation: "freeMachine", role: "Metal-Edit", parameters: id(M2), payload: { id: M2 } },
  { operation: "freeNetwork", parameters: (seen) => id(seen["allocateNetwork"]!["id"]), payload: { name: "private" } },
  { operation: "deleteSize", parameters: id("big"), payload: { id: "big" } },
  {
    operation: "ipmiReport",
    parameters: body({ partitionid: "fra", reports: { [SPARE]: { BMCIP: "10.0.0.3" } } }),
    payload: { created: [SPARE] },
  },
  { operation: "deleteMachine", parameters: id(SPARE), payload: { id: SPARE } },
];

const BIOS = { kind: "bios", vendor: "Supermicro", board: "X11DPT-B", revision: "3.4" };

export const firmware = (): Row[] => [
  { operation: "uploadFirmware", parameters: { ...BIOS, file: "the new BIOS" } },
  {
    operation: "listFirmwares",
    payload: {
      revisions: { bios: { VendorRevisions: { supermicro: { BoardRevisions: { "X11DPT-B": ["3.4"] } } } } },
    },
  },
  {
    operation: "updateFirmware",
    parameters: { id: M1, ...body({ kind: "bios", revision: "3.4", description: "a hole is closed" }) },
    payload: { id: M1 },
  },
  { operation: "removeFirmware", parameters: { ...BIOS, body: {} } },
];
