import { expect, it } from "vitest";
import { type AdmissionFacts, refuseAdmission } from "./rules-admission.ts";

const MAC = "52:54:00:00:00:01";
const KNOWN: AdmissionFacts = {
  mac: MAC,
  ownMacs: ["52:54:00:00:00:aa"],
  otherOwner: undefined,
  sighting: "not at its port",
  bootExpected: false,
};

it.each<[string, Partial<AdmissionFacts>, boolean]>([
  ["a NIC that the machine has registered", { ownMacs: [MAC] }, true],
  ["a machine that never registered", { ownMacs: [] }, true],
  ["a foreign NIC", {}, false],
  ["a foreign NIC, although the machine is about to boot", { bootExpected: true }, false],
  ["a new NIC at the machine's port", { sighting: "at its port" }, true],
  ["a new NIC where the leaf tells nothing", { sighting: "not told" }, false],
  ["a new NIC where the leaf tells nothing, after a power cycle", { sighting: "not told", bootExpected: true }, true],
  ["another machine's NIC", { otherOwner: "m2", sighting: "at its port", ownMacs: [] }, false],
  ["an older boot server that names no NIC", { mac: "" }, true],
])("%s: %o → admitted %s", (_, facts, admitted) =>
  expect(refuseAdmission("m1", { ...KNOWN, ...facts }) === undefined).toBe(admitted),
);
