// What a new instruction means, given what the machine is doing. The newest instruction counts; the server repeats it as a
// sign of life. A change of mind in the middle of an erase or an installation ends in a restart: half-done work is no state
// to go on from, and a fresh boot asks again.
import type { agent } from "@metal-stack/protocol";

/** What the machine is doing. */
export type Work =
  | { readonly kind: "nothing" }
  | { readonly kind: "waiting" }
  | { readonly kind: "erasing"; readonly jobId: string }
  /** The outcome is reported; metal-api tells what is next. */
  | { readonly kind: "erased"; readonly jobId: string }
  | { readonly kind: "installing"; readonly allocationId: string; readonly imageId: string }
  /** Installed and reported, or about to restart: nothing can stop it. */
  | { readonly kind: "leaving" };

export type Step =
  | { readonly kind: "go on" }
  | { readonly kind: "wait"; readonly order: agent.Wait }
  | { readonly kind: "erase"; readonly order: agent.Erase }
  | { readonly kind: "report erase again" }
  | { readonly kind: "install"; readonly order: agent.Install }
  | { readonly kind: "reboot"; readonly reason: string };

const GO_ON: Step = { kind: "go on" };

export function nextStep(work: Work, { instruction }: agent.Instruction): Step {
  // A newer server may know instructions that we do not.
  if (work.kind === "leaving" || instruction.case === undefined) return GO_ON;
  if (instruction.case === "reboot")
    return { kind: "reboot", reason: instruction.value.reason || "metal-api asks for it" };

  const same =
    (work.kind === "erasing" && instruction.case === "erase" && work.jobId === instruction.value.jobId) ||
    (work.kind === "installing" &&
      instruction.case === "install" &&
      work.allocationId === instruction.value.allocationId &&
      work.imageId === (instruction.value.image?.id ?? ""));
  if (same) return GO_ON;
  if (work.kind === "erasing" || work.kind === "installing")
    return { kind: "reboot", reason: `told to ${instruction.case} while ${work.kind}` };

  switch (instruction.case) {
    case "wait":
      return { kind: "wait", order: instruction.value };
    case "erase":
      return work.kind === "erased" && work.jobId === instruction.value.jobId
        ? { kind: "report erase again" }
        : { kind: "erase", order: instruction.value };
    case "install":
      return { kind: "install", order: instruction.value };
  }
}
