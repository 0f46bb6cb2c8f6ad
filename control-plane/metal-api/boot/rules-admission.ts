// Whether a NIC that network-boots may speak for a machine. Whoever is on the boot network can name any UUID in DHCP, so a
// known machine is only believed on a NIC of its own, or at a port of its own. Pure.

export interface AdmissionFacts {
  /** Lower case; "" when the boot server did not tell (the original's). */
  readonly mac: string;
  /** Of the NICs that the machine has registered; empty when it never has. */
  readonly ownMacs: readonly string[];
  /** Another machine that has registered this NIC. */
  readonly otherOwner: string | undefined;
  /** Whether a leaf sees the NIC at a port of this machine; "not told": its leaves do not tell what they see. */
  readonly sighting: "at its port" | "not at its port" | "not told";
  /** Its BMC has just switched it on or restarted it, as somebody wanted, and it has not booted since. */
  readonly bootExpected: boolean;
}

/** Why there is no plan for this NIC, and what to do; undefined: it may speak for the machine. */
export function refuseAdmission(machineId: string, facts: AdmissionFacts): string | undefined {
  const { mac, ownMacs, otherOwner } = facts;
  if (mac === "") return undefined;
  if (otherOwner !== undefined)
    return `NIC ${mac} belongs to machine ${otherOwner}; delete that machine if its NIC is in ${machineId} now`;
  if (ownMacs.length === 0 || ownMacs.includes(mac) || facts.sighting === "at its port") return undefined;
  if (facts.sighting === "not told" && facts.bootExpected) return undefined;
  const remedy =
    facts.sighting === "not told"
      ? "if it is a new NIC, power-cycle the machine through its BMC"
      : "a new NIC is taken as soon as the leaf sees it at the machine's port";
  return `NIC ${mac} is none of machine ${machineId}; ${remedy}`;
}
