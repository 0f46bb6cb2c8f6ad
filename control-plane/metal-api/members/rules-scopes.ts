// What members of projects may do: one row an operation, and no operation without a row (docs/decisions/0012-members.md).
// Callers that are no members (HMAC, admins) are not concerned. Pure.

/** What belongs to projects. A "machine tag" is a tag that names a machine. */
export type Kind = "machine" | "firewall" | "ip" | "network" | "size reservation" | "project" | "machine tag";

/** What of a request names such a thing, or several: "params.id", "body.networks.*.networkid". */
export type Reference = readonly [kind: Kind, place: string];

export interface Scope {
  /**
   * everybody: what nobody owns; lists: the answer is narrowed to what members may see; viewers and editors: of the project of
   * all that is named; operators: nobody who is only a member.
   */
  readonly who: "everybody" | "lists" | "viewers" | "editors" | "operators";
  /** The first one must be there. */
  readonly names: readonly Reference[];
  /** What is made use of, and may be of others as far as these can see it. */
  readonly uses?: readonly Reference[];
  /** What only operators may ask for. */
  readonly without?: readonly string[];
}

const everybody: Scope = { who: "everybody", names: [] };
const operators: Scope = { who: "operators", names: [] };
const list: Scope = { who: "lists", names: [] };
const see = (kind: Kind, place = "params.id"): Scope => ({ who: "viewers", names: [[kind, place]] });
const change = (kind: Kind, place = "params.id"): Scope => ({ who: "editors", names: [[kind, place]] });

const allocate: Scope = {
  ...change("project", "body.projectid"),
  uses: [
    ["network", "body.networks.*.networkid"],
    ["ip", "body.ips.*"],
  ],
  without: ["body.uuid"],
};
const takeIp: Scope = {
  who: "editors",
  names: [
    ["project", "body.projectid"],
    ["machine", "body.machineid"],
    ["machine tag", "body.tags.*"],
  ],
  uses: [["network", "body.networkid"]],
};

/** By operation id. */
export const SCOPES: Readonly<Record<string, Scope>> = {
  // What there is to choose from. Who uses an image is not everybody's business.
  findImage: everybody,
  findImages: { ...everybody, without: ["query.show-usage"] },
  findLatestImage: everybody,
  findPartition: everybody,
  findSize: everybody,
  findSizeImageConstraint: everybody,
  getFilesystemLayout: everybody,
  getMe: everybody,
  health: everybody,
  info: everybody,
  listEraseRecordKeys: everybody,
  listFilesystemLayouts: everybody,
  listImages: { ...everybody, without: ["query.show-usage"] },
  listIssues: everybody,
  listPartitions: everybody,
  listSizeImageConstraints: everybody,
  listSizes: everybody,
  "queryImages by id": everybody,

  allocateFirewall: allocate,
  allocateMachine: allocate,
  chassisIdentifyLEDOff: change("machine"),
  chassisIdentifyLEDOn: change("machine"),
  findFirewall: see("firewall"),
  findFirewalls: list,
  findMachine: see("machine"),
  findMachines: list,
  freeMachine: change("machine"),
  getMachineConsolePassword: change("machine", "body.id"),
  listFirewalls: list,
  listMachines: list,
  machineBios: change("machine"),
  machineCycle: change("machine"),
  machineDisk: change("machine"),
  machineOff: change("machine"),
  machineOn: change("machine"),
  machinePxe: change("machine"),
  machineReset: change("machine"),
  reinstallMachine: change("machine"),
  updateMachine: change("machine", "body.id"),
  whyMachine: see("machine"),
  // BMCs, the pool, and what former tenants left behind.
  deleteMachine: operators,
  findIPMIMachine: operators,
  forgetBmcLogin: operators,
  findIPMIMachines: operators,
  ipmiReport: operators,
  issues: list,
  listMachineEraseRecords: operators,
  listMachineJobs: operators,
  overrideMachineErase: operators,
  retryMachineErase: operators,
  rotateBmcPassword: operators,
  setMachineState: operators,
  updateFirmware: operators,

  allocateIP: takeIp,
  allocateSpecificIP: takeIp,
  findIP: see("ip"),
  findIPs: list,
  freeIP: change("ip"),
  listIPs: list,
  updateIP: {
    who: "editors",
    names: [
      ["ip", "body.ipaddress"],
      ["machine tag", "body.tags.*"],
    ],
  },

  allocateNetwork: change("project", "body.projectid"),
  findNetwork: see("network"),
  findNetworks: list,
  freeNetwork: change("network"),
  freeNetworkDeprecated: change("network"),
  listNetworks: list,
  createNetwork: operators,
  deleteNetwork: operators,
  updateNetwork: operators,

  // Reserved machines are kept from others: that is the operator's to grant, as in api.v2.
  findSizeReservations: list,
  getSizeReservation: see("size reservation"),
  listSizeReservations: list,
  sizeReservationsUsage: list,
  createSizeReservation: operators,
  deleteSizeReservation: operators,
  updateSizeReservation: operators,

  findProject: see("project"),
  findProjects: list,
  listProjects: list,
  createProject: operators,
  deleteProject: operators,
  updateProject: operators,
  createTenant: operators,
  deleteTenant: operators,
  findTenants: operators,
  getTenant: operators,
  listTenants: operators,
  updateTenant: operators,

  createFilesystemLayout: operators,
  createImage: operators,
  createPartition: operators,
  createSize: operators,
  createSizeImageConstraint: operators,
  deleteFilesystemLayout: operators,
  deleteImage: operators,
  deletePartition: operators,
  deleteSize: operators,
  deleteSizeImageConstraint: operators,
  deleteSwitch: operators,
  findAuditTraces: operators,
  findSwitch: operators,
  findSwitches: operators,
  getVPNAuthKey: operators,
  listFirmwares: operators,
  listSwitches: operators,
  matchFilesystemLayout: operators,
  migrateSwitch: operators,
  notifySwitch: operators,
  partitionCapacity: operators,
  registerSwitch: operators,
  removeFirmware: operators,
  suggest: operators,
  toggleSwitchPort: operators,
  tryFilesystemLayout: operators,
  trySizeImageConstraint: operators,
  updateFilesystemLayout: operators,
  updateImage: operators,
  updatePartition: operators,
  updateSize: operators,
  updateSizeImageConstraint: operators,
  updateSwitch: operators,
  uploadFirmware: operators,
};

/** The texts at a place of a request; "*" is every element of a list. */
export function textsAt(request: unknown, place: string): string[] {
  const found = place.split(".").reduce<unknown[]>(
    (values, key) => {
      if (key === "*") return values.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : []));
      return values.flatMap((value) =>
        typeof value === "object" && value !== null && Object.hasOwn(value, key)
          ? [(value as Record<string, unknown>)[key]]
          : [],
      );
    },
    [request],
  );
  return found.filter((value): value is string => typeof value === "string" && value !== "");
}
