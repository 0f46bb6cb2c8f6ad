// Firmware of boards and of their BMCs. Inner keys are capitalised, as the original's clients expect.
import { type Static, Type } from "typebox";
import { Expected, OneOf } from "./base.ts";

const kind = "the firmware kind [bios|bmc]";

export const FirmwareParameters = Type.Object({
  kind: Type.String({ description: kind }),
  vendor: Type.String({ description: "the vendor" }),
  board: Type.String({ description: "the board" }),
  revision: Type.String({ description: "the firmware revision" }),
});

export const FirmwareQuery = Type.Object({
  "machine-id": Type.Optional(Type.String({ description: "restrict firmwares to the given machine" })),
  kind: Type.Optional(Type.String({ description: kind })),
  vendor: Type.Optional(Type.String({ description: "the vendor" })),
  board: Type.Optional(Type.String({ description: "the board" })),
});

export const BoardRevisions = Type.Object(
  { BoardRevisions: Type.Record(Type.String(), Type.Array(Type.String())) },
  { $id: "v1.BoardRevisions" },
);
export const VendorRevisions = Type.Object(
  { VendorRevisions: Type.Record(Type.String(), BoardRevisions) },
  { $id: "v1.VendorRevisions" },
);
export const FirmwaresResponse = Type.Object(
  {
    revisions: Type.Record(Type.String(), VendorRevisions, {
      description: "list of firmwares per board per vendor per kind",
    }),
  },
  { $id: "v1.FirmwaresResponse" },
);
export type FirmwaresResponse = Static<typeof FirmwaresResponse>;

export const MachineUpdateFirmwareRequest = Type.Object(
  {
    kind: Expected(OneOf(["bios", "bmc"], "the firmware kind, i.e. [bios|bmc]")),
    revision: Expected(Type.String({ description: "the update revision" })),
    description: Expected(Type.String({ description: "a description why the machine has been updated" })),
  },
  { $id: "v1.MachineUpdateFirmwareRequest" },
);
