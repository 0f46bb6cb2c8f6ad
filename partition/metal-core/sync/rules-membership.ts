// From metal-api's port configuration to memberships. Whatever is not understood is isolated: a port in no network harms
// nobody, a port in the wrong one does.
import type { Membership, WantedPort } from "../driver.ts";

/** The fields of agent.v1.PortConfig. */
export interface PortConfiguration {
  readonly name: string;
  readonly vrf: string;
  readonly allowedCidrs: readonly string[];
  readonly allowedVnis: readonly number[];
  readonly adminStatus: string;
  readonly macs?: readonly string[];
}

/** A VNI has 24 bits (RFC 7348 §5); 0 is left out. */
const LARGEST_VNI = 2 ** 24 - 1;

/**
 * What the ports shall be.
 * @param bootVni the VNI of the boot network: a tenant's VRF with that number would be in the boot network
 */
export function wantedPorts(configured: readonly PortConfiguration[], bootVni: number): WantedPort[] {
  const names = configured.map((port) => port.name);
  return [...new Set(names)].map((name) => {
    const entries = configured.filter((port) => port.name === name);
    const membership: Membership =
      entries.length > 1 ? isolated(`configured ${entries.length} times`) : membershipOf(entries[0]!, bootVni);
    const macs = entries[0]!.macs ?? [];
    return { name, membership, ...(macs.length > 0 && { macs }) };
  });
}

function membershipOf(port: PortConfiguration, bootVni: number): Membership {
  const status = port.adminStatus.toUpperCase();
  if (status === "DOWN") return isolated("admin status DOWN");
  if (status !== "" && status !== "UP") return isolated(`unknown admin status "${port.adminStatus}"`);
  if (port.vrf === "") return { kind: "boot" };
  if (port.vrf === "default") return { kind: "firewall", vnis: port.allowedVnis, cidrs: port.allowedCidrs };
  const vrf = vrfNumber(port.vrf);
  if (vrf === undefined) return isolated(`"${port.vrf}" is no VRF: "vrf" and a number from 1 to ${LARGEST_VNI}`);
  if (vrf === bootVni) return isolated(`${port.vrf} is the VNI of the boot network`);
  return { kind: "tenant", vrf, cidrs: port.allowedCidrs };
}

function vrfNumber(vrf: string): number | undefined {
  const digits = /^vrf([1-9]\d{0,7})$/.exec(vrf)?.[1];
  return digits !== undefined && Number(digits) <= LARGEST_VNI ? Number(digits) : undefined;
}

function isolated(reason: string): Membership {
  return { kind: "isolated", reason };
}

/** An isolation that metal-api did not ask for is a problem to report. */
export function isolationProblems(wanted: readonly WantedPort[]): string[] {
  return wanted.flatMap(({ name, membership }) =>
    membership.kind === "isolated" && membership.reason !== "admin status DOWN"
      ? [`${name} is isolated: ${membership.reason}`]
      : [],
  );
}
