import { age } from "../output/age.ts";
import { addresses, allocationOf, FILTERS, networkIds, SORT_KEYS } from "./machine.ts";
import { column, type Doc, field, type Resource } from "./resource.ts";

/** The original filters firewalls by these only. */
const FILTERED_BY = "id partition name project size image hostname mac tags".split(" ");

export const firewall: Resource = {
  name: "firewall",
  aliases: ["firewalls", "fw"],
  help: "machines that guard networks",
  path: "/v1/firewall",
  example: "$MACHINE",
  examples: {
    list: [["those of a project", "--project $PROJECT"]],
  },
  sortKeys: Object.fromEntries(Object.entries(SORT_KEYS).filter(([key]) => key !== "rack")),
  columns: [
    column("ID", "id"),
    { header: "Age", cell: (doc) => age(field("allocation.created")(doc)) },
    column("Hostname", "allocation.hostname"),
    column("Project", "allocation.project"),
    { header: "Networks", cell: networkIds },
    { header: "IPs", cell: addresses },
    column("Partition", "partition.id"),
  ],
  filters: FILTERS.filter(({ flags }) => FILTERED_BY.includes(/--(\S+)/.exec(flags)![1]!)),
  toCreate: (doc) => {
    const { firewall_rules } = (doc["allocation"] ?? {}) as Doc;
    return { ...allocationOf(doc), ...(firewall_rules ? { firewall_rules } : {}) };
  },
  create: (api, request) => api.post("/v1/firewall/allocate", request),
  verbs: ["list", "describe"],
};
