// The proof of one disk's erase, as metal-api signed it (docs/erase.md); ours, the original has nothing like it.
import { type Static, Type } from "typebox";
import { Time } from "./base.ts";

/** Every member but `signature` is signed. */
export const MachineEraseRecord = Type.Object(
  {
    format: Type.Enum(["metal-stack erase record 1"], { type: "string" }),
    id: Type.String(),
    machineid: Type.String(),
    occasion: Type.Enum(["end of allocation", "first registration"], { type: "string" }),
    allocationuuid: Type.String({
      description: "of the allocation whose data it was; empty at the first registration",
    }),
    jobid: Type.String(),
    disk: Type.Object({
      name: Type.String(),
      serial: Type.String(),
      model: Type.String(),
      size: Type.Integer({ format: "int64", description: "bytes" }),
      nativesize: Type.Integer({
        format: "int64",
        description: "by its own account, hidden bytes included; 0: it does not tell",
      }),
    }),
    method: Type.String(),
    attempts: Type.Array(Type.String(), { description: "methods tried before, and why each was not enough" }),
    sectorsize: Type.Integer({ format: "int64", description: "bytes" }),
    sectorssampled: Type.Integer({ format: "int64", description: "read back" }),
    sectorsnotzero: Type.Integer({ format: "int64", description: "of these, how many speak against the erase" }),
    marksproven: Type.Integer({
      format: "int64",
      description: "sectors written before the erase and read back: it takes writes",
    }),
    result: Type.Enum(["erased", "refused"], { type: "string" }),
    reason: Type.String({ description: "why it was refused" }),
    started: Type.String({ description: "by the machine's clock; empty when it did not tell" }),
    finished: Type.String({ description: "as started" }),
    recorded: Time("by the clock of metal-api"),
    hammerversion: Type.String(),
    keyid: Type.String({ description: "names the key of the signature" }),
    signature: Type.String({ description: "Ed25519 over the canonical JSON (RFC 8785) of all other members; base64" }),
  },
  { $id: "v1.MachineEraseRecord" },
);
export type MachineEraseRecord = Static<typeof MachineEraseRecord>;

export const EraseRecordKey = Type.Object(
  {
    id: Type.String({ description: "first 128 bits, in hex, of the SHA-256 of the public key in DER" }),
    public_key: Type.String({ description: "Ed25519, PEM" }),
    created: Time("when it signed first"),
  },
  { $id: "v1.EraseRecordKey" },
);
