import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { agent } from "@metal-stack/protocol";
import { describe, expect, it } from "vitest";
import { nextStep, type Work } from "./rules.ts";

type Order = MessageInitShape<typeof agent.InstructionSchema>["instruction"];
const instruction = (order: Order) => create(agent.InstructionSchema, { instruction: order! });

const WAIT: Order = { case: "wait", value: { allocatable: true } };
const ERASE: Order = { case: "erase", value: { jobId: "job-1" } };
const ERASE_2: Order = { case: "erase", value: { jobId: "job-2" } };
const INSTALL: Order = { case: "install", value: { allocationId: "alloc-1" } };
const INSTALL_2: Order = { case: "install", value: { allocationId: "alloc-2" } };
const REBOOT: Order = { case: "reboot", value: { reason: "because" } };

const NOTHING: Work = { kind: "nothing" };
const WAITING: Work = { kind: "waiting" };
const ERASING: Work = { kind: "erasing", jobId: "job-1" };
const ERASED: Work = { kind: "erased", jobId: "job-1" };
const INSTALLING: Work = { kind: "installing", allocationId: "alloc-1", imageId: "" };
const LEAVING: Work = { kind: "leaving" };

describe("an instruction", () => {
  it.each<[Work, Order, string]>([
    [NOTHING, WAIT, "wait"],
    [NOTHING, ERASE, "erase"],
    [NOTHING, INSTALL, "install"],
    [NOTHING, REBOOT, "reboot"],
    [WAITING, WAIT, "wait"],
    [WAITING, ERASE, "erase"],
    [WAITING, INSTALL, "install"],
    // Repeated as a sign of life.
    [ERASING, ERASE, "go on"],
    [INSTALLING, INSTALL, "go on"],
    // A change of mind in the middle.
    [ERASING, ERASE_2, "reboot"],
    [ERASING, WAIT, "reboot"],
    [ERASING, INSTALL, "reboot"],
    [INSTALLING, INSTALL_2, "reboot"],
    [INSTALLING, WAIT, "reboot"],
    [INSTALLING, ERASE, "reboot"],
    [INSTALLING, REBOOT, "reboot"],
    // After an erase.
    [ERASED, WAIT, "wait"],
    [ERASED, INSTALL, "install"],
    [ERASED, ERASE, "report erase again"],
    [ERASED, ERASE_2, "erase"],
    // Too late.
    [LEAVING, WAIT, "go on"],
    [LEAVING, ERASE, "go on"],
    [LEAVING, REBOOT, "go on"],
  ])("for a machine that is %o: %o → %s", (work, order, step) =>
    expect(nextStep(work, instruction(order)).kind).toBe(step),
  );

  it("that this hammer does not know changes nothing", () => {
    expect(nextStep(WAITING, create(agent.InstructionSchema)).kind).toBe("go on");
  });
});
