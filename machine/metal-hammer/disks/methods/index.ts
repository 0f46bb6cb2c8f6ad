import { ataMethods } from "./ata.ts";
import type { EraseMethod } from "./method.ts";
import { nvmeMethods } from "./nvme.ts";
import { discard, overwrite, writeZeroes } from "./overwrite.ts";
import { scsiMethods } from "./scsi.ts";

export type { EraseMethod } from "./method.ts";

/** Strongest first. What reaches reallocated and over-provisioned cells comes before what only reaches addressable ones. */
export const ERASE_METHODS: readonly EraseMethod[] = [
  ...nvmeMethods,
  ...ataMethods,
  ...scsiMethods,
  discard,
  writeZeroes,
  overwrite,
];
