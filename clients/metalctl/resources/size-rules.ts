// What holds for machines of a size: for whom they are kept, and which images they run.
import { truncate } from "../output/age.ts";
import type { Column } from "../output/printer.ts";
import { column, field, lines, pairs, type Doc, type Flag, type Resource } from "./resource.ts";

const joined = (path: string) => (doc: Doc) => field(path)(doc).replaceAll(",", ", ");
const truncated = (path: string) => (doc: Doc) => truncate(field(path)(doc), 50);
const flag = (flags: string, help: string, path: string): Flag => ({ flags, help, field: path });

const SETTINGS: readonly Flag[] = [
  { flags: "--amount <number>", help: "how many machines, in each partition", field: "amount", kind: "number" },
  { flags: "--partitions <ids>", help: "where", field: "partitionids", kind: "list" },
  { flags: "--labels <labels>", help: "key=value", field: "labels", kind: "labels" },
  flag("--description <text>", "description", "description"),
];

export const sizeReservation: Resource = {
  name: "reservation",
  aliases: ["reservations", "rs"],
  help: "machines of a size that are kept for a project",
  path: "/v1/size/reservations",
  example: "$RESERVATION",
  examples: {
    create: [
      [
        "5 machines in each of two partitions",
        "--size c1-large-x86 --project $PROJECT --partitions fra-equ01,muc-equ01 --amount 5",
      ],
    ],
    update: [["fewer machines", "$RESERVATION --amount 3"]],
  },
  sortKeys: { id: "id", partition: "partitionids", size: "sizeid", project: "projectid", amount: "amount" },
  columns: [
    column("ID", "id"),
    column("Size", "sizeid"),
    column("Project", "projectid"),
    { header: "Partitions", cell: joined("partitionids") },
    { header: "Description", cell: (doc, { wide }) => (wide ? field : truncated)("description")(doc) },
    column("Amount", "amount"),
    { header: "Labels", cell: lines(pairs("labels")), in: "wide" },
  ],
  sort: "project,size,partition,id",
  filters: [
    flag("--id <id>", "only with this id", "id"),
    flag("--size <id>", "only of this one", "sizeid"),
    flag("--project <id>", "only of this one", "projectid"),
    flag("--partition <id>", "only of this one", "partitionid"),
  ],
  createFlags: [
    flag("--id <id>", "id, made when absent", "id"),
    flag("--size <id>", "of which size", "sizeid"),
    flag("--project <id>", "for whom", "projectid"),
    ...SETTINGS,
  ],
  updateFlags: SETTINGS,
};

export const RESERVATION_USAGE_FILTERS: readonly Flag[] = [
  flag("--size-id <id>", "only of this one", "sizeid"),
  flag("--project <id>", "only of this one", "projectid"),
  flag("--partition <id>", "only of this one", "partitionid"),
];

export const RESERVATION_USAGE_KEYS = {
  partition: "partitionid",
  size: "sizeid",
  project: "projectid",
  id: "id",
  amount: "amount",
  "used-amount": "usedamount",
};

export const RESERVATION_USAGE_COLUMNS: readonly Column<Doc>[] = [
  column("ID", "id"),
  column("Size", "sizeid"),
  column("Project", "projectid"),
  column("Partition", "partitionid"),
  { header: "Used / Amount", cell: (doc) => `${field("usedamount")(doc)}/${field("amount")(doc)}` },
  column("Allocated", "projectallocations", "wide"),
  { header: "Labels", cell: lines(pairs("labels")), in: "wide" },
];

export const sizeImageConstraint: Resource = {
  name: "imageconstraint",
  aliases: ["imageconstraints", "ic"],
  help: "which images a size can run",
  path: "/v1/size-image-constraint",
  example: "c1-large-x86",
  columns: [
    column("ID", "id"),
    column("Name", "name"),
    column("Description", "description"),
    column("Image", "image"),
    column("Constraint", "constraint"),
  ],
  rows: (documents) =>
    documents.flatMap((doc) => {
      const { images = {} } = (doc["constraints"] ?? {}) as { images?: Record<string, string> };
      return Object.entries(images)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([image, constraint]) => ({ ...doc, image, constraint }));
    }),
};
