import { LeaseTable, parseIpv4 } from "@metal-stack/dhcp";
import { describe, expect, it } from "vitest";
import { admissionByLease, admissionByNeighbour } from "./admission.ts";

const OWN = { address: "10.255.0.100", mac: "52:54:00:00:00:01", uuid: "aaaaaaaa-0000-0000-0000-000000000001" };
const NEIGHBOUR = { address: "10.255.0.101", mac: "52:54:00:00:00:02", uuid: "aaaaaaaa-0000-0000-0000-000000000002" };

describe("with our own leases", () => {
  const leases = new LeaseTable({ first: parseIpv4("10.255.0.100")!, last: parseIpv4("10.255.0.110")! });
  for (const { address, mac, uuid } of [OWN, NEIGHBOUR]) {
    leases.bind({ mac, uuid }, parseIpv4(address)!, Date.now(), 3_600_000);
  }
  const arp = [
    "10.255.0.100 0x1 0x2 52:54:00:00:00:01 * br0",
    // Somebody has taken the neighbour's address.
    "10.255.0.101 0x1 0x2 52:54:00:00:00:03 * br0",
  ].join("\n");
  const admission = admissionByLease(leases, async () => arp);

  it("a machine gets its script at its own address", async () => {
    expect(await admission.refusal(OWN)).toBeUndefined();
    expect(await admission.machineAt(OWN.address)).toEqual({ mac: OWN.mac, machine: OWN.uuid });
  });

  it.each([
    ["from another address", { ...OWN, address: NEIGHBOUR.address }, "was given 10.255.0.100"],
    ["for a neighbour's uuid", { ...OWN, uuid: NEIGHBOUR.uuid }, "named aaaaaaaa-0000-0000-0000-000000000001"],
    ["for a neighbour's mac", { ...OWN, mac: NEIGHBOUR.mac }, "was given 10.255.0.101"],
    ["at an address that another NIC has taken", NEIGHBOUR, "is 52:54:00:00:00:03 now"],
    ["without lease", { ...OWN, mac: "52:54:00:00:00:09" }, "has no lease"],
  ])("nobody gets one %s", async (_, asker, why) => expect(await admission.refusal(asker)).toContain(why));
});

describe("beside another DHCP server", () => {
  const admission = admissionByNeighbour(
    async () => `IP address       HW type     Flags       HW address            Mask     Device
10.255.0.100     0x1         0x2         52:54:00:00:00:01     *        br0
10.255.0.101     0x1         0x2         52:54:00:00:00:02     *        br0
`,
  );
  admission.seen(OWN.mac, OWN.uuid);

  it("a machine heard in DHCP gets its script", async () => {
    expect(await admission.refusal(OWN)).toBeUndefined();
    expect(await admission.machineAt(OWN.address)).toEqual({ mac: OWN.mac, machine: OWN.uuid });
  });

  it.each([
    ["whose address belongs to another mac", { ...OWN, address: NEIGHBOUR.address }, "is 52:54:00:00:00:02"],
    ["who is not on this link", { ...OWN, address: "10.9.9.9" }, "nobody on this link"],
    ["who was not heard since the start", NEIGHBOUR, "named no machine in DHCP"],
    ["who names a neighbour's uuid", { ...OWN, uuid: NEIGHBOUR.uuid }, "not aaaaaaaa-0000-0000-0000-000000000002"],
  ])("nobody gets one %s", async (_, asker, why) => expect(await admission.refusal(asker)).toContain(why));
});
