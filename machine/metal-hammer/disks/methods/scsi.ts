// SCSI SANITIZE (SBC-3 §5.27) by sg_sanitize.
import { run } from "../../command.ts";
import { ONE_COMMAND_MS, type EraseMethod, type FindMethods } from "./method.ts";

const OPERATION_CODE = "0x48";

interface Sanitize extends Pick<EraseMethod, "name" | "leaves"> {
  readonly serviceAction: number;
  readonly option: string;
}

const SANITIZE: readonly Sanitize[] = [
  { name: "scsi-sanitize-crypto", leaves: "changed", serviceAction: 3, option: "--crypto" },
  { name: "scsi-sanitize-block", leaves: "zeros", serviceAction: 2, option: "--block" },
];

/** Whether `sg_opcodes` says that the disk has the one operation asked for (SPC-4 §6.35). */
export function readSupport(text: string): boolean {
  return /^\s*Command (is )?supported/m.test(text);
}

/** A disk too old to list its operation codes is too old for SANITIZE, the younger of the two. @throws when it is */
export const findScsiMethods: FindMethods = async (disk, signal) => {
  if (disk.transport !== "sas" && disk.transport !== "scsi") return [];
  const found: EraseMethod[] = [];
  for (const { name, leaves, serviceAction, option } of SANITIZE) {
    const question = `--opcode=${OPERATION_CODE},${serviceAction}`;
    if (!readSupport(await run("sg_opcodes", [question, disk.name], { signal }))) continue;
    found.push({
      name,
      leaves,
      patienceMs: ONE_COMMAND_MS,
      execute: async (disk, { signal }) => {
        // --quick: without the 15 s for second thoughts; --wait: until it is done.
        await run("sg_sanitize", ["--quick", "--wait", option, disk.name], { signal, timeoutMs: ONE_COMMAND_MS });
      },
    });
  }
  return found;
};
