// What BMCs say of machines: power, firmware, chassis (reference/platform-services.md 3.4).
import { age } from "../output/age.ts";
import type { Colour, Look } from "../output/look.ts";
import type { Column } from "../output/printer.ts";
import { bmcStates, lastEventColumns, machineId, SORT_KEYS } from "./machine.ts";
import { column, field, type Doc } from "./resource.ts";

export const IPMI_SORT_KEYS = { ...SORT_KEYS, bios: "bios.version", bmc: "ipmi.bmcversion" };
export const IPMI_SORT = "partition,rack,size,bios,bmc,id";

interface PowerSupply {
  readonly status?: { readonly health?: string; readonly state?: string };
}

/** Power and power supplies: an icon on a terminal, words elsewhere and in wide. */
export function power(doc: Doc, { icons, wide, paint }: Look): string {
  const ipmi = (doc["ipmi"] ?? {}) as { powerstate?: string; powersupplies?: PowerSupply[] | null; powermetric?: Doc };
  let [icon, colour, word]: [string, Colour, string] = ["⏻", "white", ipmi.powerstate ?? ""];
  if (word === "ON") colour = "green";
  if (word === "OFF") [icon, colour] = ["⏾", "green"];
  if (word)
    for (const { status } of ipmi.powersupplies ?? []) {
      if (status?.health === undefined) continue;
      if (status.health !== "OK") {
        [icon, colour] = ["⏻", "red"];
        word += `\u2007Power Supply\u2007${status.health}`;
      }
      if (status.state !== undefined && status.state !== "Enabled") {
        [icon, colour] = ["⏾", "red"];
        word += `\u2007${status.state}`;
      }
    }
  const shown = icons && !wide ? paint(colour, icon) : word;
  if (!word || !ipmi.powermetric) return shown;
  return `${shown}${wide ? " " : "\u2007"}${Number(field("averageconsumedwatts")(ipmi.powermetric) || 0).toFixed(0)}W`;
}

const lastUpdated = (doc: Doc) => {
  const time = age(field("ipmi.last_updated")(doc));
  return time ? `${time} ago` : "never";
};

/** A column whose header is another in the wide format. */
const renamed = (short: string, long: string, path: string): Column<Doc>[] => [
  column(short, path, "table"),
  column(long, path, "wide"),
];

export const IPMI_COLUMNS: readonly Column<Doc>[] = [
  { header: "ID", cell: machineId },
  { header: "", cell: bmcStates, in: "table" },
  { ...lastEventColumns[0]!, in: "wide" },
  { header: "Status", cell: bmcStates, in: "wide" },
  { header: "Power", cell: power },
  column("IP", "ipmi.address"),
  column("Mac", "ipmi.mac"),
  column("Board Part Number", "ipmi.fru.board_part_number"),
  column("Chassis Serial", "ipmi.fru.chassis_part_serial", "wide"),
  column("Product Serial", "ipmi.fru.product_serial", "wide"),
  ...renamed("Bios", "Bios Version", "bios.version"),
  ...renamed("BMC", "BMC Version", "ipmi.bmcversion"),
  column("Size", "size.id"),
  column("Partition", "partition.id"),
  column("Rack", "rackid"),
  { header: "Updated", cell: lastUpdated },
];

/** A field that says how a row hangs on the one above; none of the API's. */
const BRANCH = " branch";
const CHASSIS = " chassis";

const ofMachine =
  (cell: Column<Doc>["cell"]): Column<Doc>["cell"] =>
  (doc, look) =>
    doc[CHASSIS] ? "" : cell(doc, look);

export const CHASSIS_COLUMNS: readonly Column<Doc>[] = [
  {
    header: "ID",
    cell: (doc, look) => (doc[CHASSIS] ? field(CHASSIS)(doc) : `${field(BRANCH)(doc)} ${machineId(doc, look)}`),
  },
  { header: "", cell: ofMachine(bmcStates) },
  column("Partition", "partition.id"),
  column("Rack", "rackid"),
  column("Size", "size.id"),
  column("Product Serial", "ipmi.fru.product_serial"),
  column("Hostname", "allocation.hostname"),
];

interface Chassis {
  readonly chassis_part_number?: string;
  readonly chassis_part_serial?: string;
  readonly machines: readonly Doc[];
}

/** Machines by the chassis they are in, in the order in which each chassis comes first. */
export function byChassis(machines: readonly Doc[]): Chassis[] {
  const groups = Map.groupBy(machines, field("ipmi.fru.chassis_part_serial"));
  return [...groups].map(([serial, members]) => {
    const number = field("ipmi.fru.chassis_part_number")(members[0]!);
    return {
      ...(number && { chassis_part_number: number }),
      ...(serial && { chassis_part_serial: serial }),
      machines: members,
    };
  });
}

/** A row for each chassis, and one for each machine below it. */
export function chassisRows(chassis: readonly Chassis[]): Doc[] {
  return chassis.flatMap(({ chassis_part_number: number, chassis_part_serial: serial, machines }) => [
    { [CHASSIS]: `${serial ?? "<no-chassis-serial-reported>"}${number ? ` (${number})` : ""}` },
    ...machines.map((machine, at) => ({ ...machine, [BRANCH]: at === machines.length - 1 ? "└─╴" : "├─╴" })),
  ]);
}
