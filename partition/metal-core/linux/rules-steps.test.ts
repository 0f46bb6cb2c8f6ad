import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WantedPort } from "../driver.ts";
import { SimulatedKernel } from "./simulated-kernel.ts";
import type { LinuxSettings } from "./rules-networks.ts";
import { stepsTowards } from "./rules-steps.ts";

const SETTINGS: LinuxSettings = {
  ports: "swp*",
  uplinks: ["swp31"],
  bootPorts: ["swp10"],
  bootVni: 104_000,
  vtep: "10.1.0.1",
  vtepPeers: ["10.1.0.1", "10.1.0.2", "10.1.0.3"],
};
const PORTS = ["swp1", "swp2", "swp3", "swp10", "swp31"];
const NAMES = [...PORTS, "brpxe", "br7", "br8", "vni7", "vni8", "vni104000", "discard", "br99"];

const wantedPort = (name: string): fc.Arbitrary<WantedPort> =>
  fc
    .oneof(
      fc.constant({ kind: "boot" as const }),
      fc.constantFrom(7, 8).map((vrf) => ({ kind: "tenant" as const, vrf, cidrs: [] })),
      fc.constant({ kind: "isolated" as const, reason: "a test" }),
      fc.constant({ kind: "firewall" as const, vnis: [], cidrs: [] }),
    )
    .map((membership) => ({ name, membership }));
const wanted = fc
  .tuple(...["swp1", "swp2", "swp3", "swp10", "swp31"].map(wantedPort))
  .chain((ports) => fc.subarray(ports));

/** Anything that somebody may have left or done with `ip`, `bridge` and `tc`. */
const damage = fc.array(
  fc.oneof(
    fc
      .tuple(fc.constantFrom(...PORTS), fc.constantFrom("brpxe", "br7", "br8", "br99"))
      .map(([port, bridge]) => `ip link set dev ${port} master ${bridge}`),
    fc.constantFrom(...NAMES).map((name) => `ip link set dev ${name} up`),
    fc.constantFrom(...NAMES).map((name) => `ip link set dev ${name} down`),
    fc.constantFrom(...NAMES).map((name) => `ip link set dev ${name} mtu 1500`),
    fc.constantFrom(...NAMES).map((name) => `ip link set dev ${name} nomaster`),
    fc.constantFrom(...NAMES).map((name) => `tc filter del dev ${name} ingress`),
    fc.constantFrom("vni7", "vni8", "br7", "br8", "brpxe", "discard").map((name) => `ip link del dev ${name}`),
    fc.constantFrom("brpxe", "br7", "br8", "br99").map((name) => `ip link add name ${name} type bridge`),
    fc
      .constantFrom("vni7", "vni99")
      .map((name) => `ip link add name ${name} type vxlan id 5 local 10.1.0.1 dstport 4789 nolearning`),
    fc.constant("bridge fdb append 00:00:00:00:00:00 dev vni7 dst 10.9.9.9"),
  ),
  { maxLength: 25 },
);

function started(): SimulatedKernel {
  const kernel = new SimulatedKernel();
  for (const port of PORTS) kernel.addPort(port);
  return kernel;
}

/** Runs all steps; `watch` sees the kernel after each command. */
function apply(kernel: SimulatedKernel, ports: readonly WantedPort[], watch: () => void = () => undefined): void {
  for (const step of stepsTowards(kernel.state, ports, SETTINGS)) {
    for (const command of step.commands) {
      kernel.run(command);
      watch();
    }
  }
}

function networkOf(kernel: SimulatedKernel, port: string): string | undefined {
  return kernel.state.links.get(port)!.master;
}

function expected(ports: readonly WantedPort[], name: string): string | undefined {
  const membership = ports.find((port) => port.name === name)?.membership;
  if (name === "swp10" || membership?.kind === "boot") return "brpxe";
  return membership?.kind === "tenant" ? `br${membership.vrf}` : undefined;
}

describe("from any state of the box", () => {
  it("every port ends in its network, and then there is nothing left to do", () =>
    fc.assert(
      fc.property(wanted, damage, wanted, (before, commands, after) => {
        const kernel = started();
        apply(kernel, before);
        for (const command of commands) kernel.attempt(command.split(" "));
        apply(kernel, after);
        for (const name of ["swp1", "swp2", "swp3", "swp10"]) {
          expect(networkOf(kernel, name)).toBe(expected(after, name));
          expect(kernel.state.links.get(name)!.up).toBe(expected(after, name) !== undefined);
        }
        expect(networkOf(kernel, "swp31")).toBeUndefined();
        expect(stepsTowards(kernel.state, after, SETTINGS)).toEqual([]);
      }),
    ));

  it("break comes before make: a port that changes its network carries nothing in between", () =>
    fc.assert(
      fc.property(wanted, damage, wanted, (before, commands, after) => {
        const kernel = started();
        apply(kernel, before);
        for (const command of commands) kernel.attempt(command.split(" "));
        const origin = new Map(PORTS.map((name) => [name, networkOf(kernel, name)]));
        apply(kernel, after, () => {
          for (const name of ["swp1", "swp2", "swp3", "swp10"]) {
            const now = networkOf(kernel, name);
            expect([origin.get(name), expected(after, name), undefined]).toContain(now);
            if (now !== origin.get(name) && kernel.carries(name)) expect(now).toBe(expected(after, name));
          }
        });
      }),
    ));

  it("a bridge never carries frames without its guard", () =>
    fc.assert(
      fc.property(wanted, wanted, (before, after) => {
        const kernel = started();
        const check = () => {
          for (const [name, link] of kernel.state.links) {
            if (link.kind === "bridge" && name !== "discard" && link.up) {
              expect(kernel.state.filters.get(name)).toEqual(["discard/0"]);
            }
          }
        };
        apply(kernel, before, check);
        apply(kernel, after, check);
      }),
    ));
});

it("a moved port touches no other port", () => {
  const kernel = started();
  const tenant = (name: string, vrf: number): WantedPort => ({ name, membership: { kind: "tenant", vrf, cidrs: [] } });
  apply(kernel, [tenant("swp1", 7), tenant("swp2", 7), tenant("swp3", 8)]);
  const steps = stepsTowards(kernel.state, [tenant("swp1", 8), tenant("swp2", 7), tenant("swp3", 8)], SETTINGS);
  expect(steps.map((step) => step.change)).toEqual([
    { step: "port unplugged", port: "swp1", detail: "from br7" },
    { step: "port moved", port: "swp1", vrf: "vrf8" },
  ]);
});
