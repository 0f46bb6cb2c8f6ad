// SCSI SANITIZE (SBC-3 §5.27) by sg_sanitize. There is no cheap probe: a disk that cannot refuses at once.
import { run } from "../../command.ts";
import { ERASE_TIME_LIMIT_MS, type EraseMethod } from "./method.ts";

function sanitize(name: string, leaves: EraseMethod["leaves"], option: string): EraseMethod {
  return {
    name,
    leaves,
    applicable: async (disk) => disk.transport === "sas" || disk.transport === "scsi",
    execute: async (disk, { signal }) => {
      // --quick: without the 15 s for second thoughts; --wait: until it is done.
      await run("sg_sanitize", ["--quick", "--wait", option, disk.name], { signal, timeoutMs: ERASE_TIME_LIMIT_MS });
    },
  };
}

export const scsiMethods: readonly EraseMethod[] = [
  sanitize("scsi-sanitize-crypto", "changed", "--crypto"),
  sanitize("scsi-sanitize-block", "zeros", "--block"),
];
