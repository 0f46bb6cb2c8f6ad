// `machine ipmi`: what the BMCs say.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { isTabular, printing, render } from "../output/printer.ts";
import { sortable, sortBy } from "../output/sort.ts";
import { show, watchable } from "../output/watch.ts";
import { byChassis, CHASSIS_COLUMNS, chassisRows, IPMI_COLUMNS, IPMI_SORT, IPMI_SORT_KEYS } from "../resources/bmc.ts";
import { ERROR_THRESHOLD, FILTERS } from "../resources/machine.ts";
import { machinePath } from "../resources/machine-path.ts";
import type { Doc } from "../resources/resource.ts";
import { addFlags, requestFromFlags } from "./request.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Record<string, unknown>;

/** One machine, or all that the filters let through, in order. */
async function find(id: string | undefined, flags: Flags): Promise<Doc[]> {
  const api = apiClient(flags);
  const found = id
    ? [await api.get<Doc>(machinePath(id, "ipmi"))]
    : await api.post<Doc[]>("/v1/machine/ipmi/find", requestFromFlags(FILTERS, flags));
  return sortBy(found, flags["sortBy"], IPMI_SORT_KEYS, IPMI_SORT);
}

const filtered = (command: Command) =>
  watchable(sortable(addFlags(command, [...FILTERS, ERROR_THRESHOLD]), IPMI_SORT_KEYS));

export function addMachineIpmi(group: Command): Command {
  const ipmi = filtered(
    examples(
      group.command("ipmi [id]").description("what the BMCs say: power, firmware, serial numbers"),
      ["of a rack, with serial numbers", "--partition fra-equ01 --rack rack01 -o wide"],
      ["all of one machine", "$MACHINE"],
    ),
  );
  ipmi.action(async (id: string | undefined, _, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const how = printing(flags, id ? "yaml" : "table");
    await show(flags, async () => render(await find(id, flags), IPMI_COLUMNS, how, id !== undefined));
  });
  filtered(
    examples(ipmi.command("chassis-list [id]").description("machines by the chassis they are in"), [
      "of a partition",
      "--partition fra-equ01",
    ]),
  ).action(async (id: string | undefined, _, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const how = printing(flags);
    await show(flags, async () => {
      const chassis = byChassis(await find(id, flags));
      return isTabular(how.format) ? render(chassisRows(chassis), CHASSIS_COLUMNS, how) : render(chassis, [], how);
    });
  });
  return ipmi;
}
