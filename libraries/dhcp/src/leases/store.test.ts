import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { parseIpv4 } from "../address.ts";
import { formatLease, parseLeases } from "./isc.ts";
import { LeaseTable, type Lease } from "./rules.ts";
import { LeaseFile } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "leases-"));
afterAll(() => rm(folder, { recursive: true }));

const ip = (text: string) => parseIpv4(text)!;
const NOW = Date.UTC(2026, 10, 23, 16, 45, 26);
const LEASE: Lease = {
  address: ip("10.255.0.102"),
  mac: "52:54:00:00:00:03",
  state: "active",
  starts: NOW,
  ends: NOW + 172_800_000,
  uuid: "12345678-9abc-def0-1234-56789abcdef0",
};

describe("the lease file", () => {
  it("is what ISC dhcpd writes", () => {
    expect(formatLease(LEASE)).toBe(`lease 10.255.0.102 {
  starts 1 2026/11/23 16:45:26;
  ends 3 2026/11/25 16:45:26;
  binding state active;
  next binding state free;
  hardware ethernet 52:54:00:00:00:03;
  set machine-uuid = "12345678-9abc-def0-1234-56789abcdef0";
}
`);
  });

  it("of ISC dhcpd itself can be read, with a uid full of brackets and leases without end", () => {
    const text = `# The format of this file is documented in the dhcpd.leases(5) manual page.
authoring-byte-order little-endian;
server-duid "\\000\\001}";
lease 10.0.0.20 {
  starts 1 2026/11/23 10:00:00;
  ends never;
  cltt 1 2026/11/23 10:00:00;
  binding state active;
  next binding state free;
  hardware ethernet 0c:c4:7a:00:00:01;
  uid "\\001}{\\"x";
  client-hostname "a } b";
}
lease 10.0.0.21 {
  starts epoch 1763892000; # Sun Nov 23 10:00:00 2025
  ends epoch 1763895600;
  binding state backup;
  hardware ethernet 0c:c4:7a:00:00:02;
}
lease 10.0.0.22 {
  starts 1 2026/11/23 10:00:00;
}
`;
    expect(parseLeases(text)).toEqual([
      {
        address: ip("10.0.0.20"),
        mac: "0c:c4:7a:00:00:01",
        state: "active",
        starts: Date.UTC(2026, 10, 23, 10),
        ends: Date.UTC(9999, 11, 31),
      },
      {
        address: ip("10.0.0.21"),
        mac: "0c:c4:7a:00:00:02",
        state: "released",
        starts: 1_763_892_000_000,
        ends: 1_763_895_600_000,
      },
    ]);
  });

  it("may hold any noise", () => {
    const noise = fc.array(fc.constantFrom("lease ", "10.0.0.1 ", "{", "}", '"', "\\", "\n", "ends ", ";", "x"));
    fc.assert(fc.property(noise, (parts) => void parseLeases(parts.join(""))));
  });

  it("gives a table its leases back after a restart, the last word on each", async () => {
    const path = join(folder, "sub", "dhcpd.leases");
    const pool = { first: ip("10.255.0.100"), last: ip("10.255.0.110") };
    const before = new LeaseTable(pool);
    const file = await LeaseFile.open(path, before);
    const first = before.bind({ mac: LEASE.mac, uuid: LEASE.uuid }, LEASE.address, NOW, 60_000)!;
    const second = before.bind({ mac: "52:54:00:00:00:04" }, ip("10.255.0.103"), NOW, 60_000)!;
    await Promise.all([file.save(first), file.save(second)]);
    await file.save(before.release("52:54:00:00:00:04", ip("10.255.0.103"), NOW + 1_000)!);
    await file.close();
    await expect(file.save(first)).rejects.toThrow("is closed");

    const after = new LeaseTable(pool);
    const again = await LeaseFile.open(path, after);
    await again.close();
    expect([...after.all()]).toEqual([...before.all()]);
    expect(after.ofMac(LEASE.mac, NOW)).toEqual(first);
    expect(readFileSync(path, "utf8").match(/^lease /gm)).toHaveLength(2);
  });

  it("that was cut off by a crash loses the last declaration only", async () => {
    const path = join(folder, "cut.leases");
    const second = { ...LEASE, address: ip("10.255.0.103"), mac: "52:54:00:00:00:04" };
    writeFileSync(path, formatLease(LEASE) + formatLease(second).slice(0, 70));
    const leases = new LeaseTable({ first: ip("10.255.0.100"), last: ip("10.255.0.110") });
    await (await LeaseFile.open(path, leases)).close();
    expect([...leases.all()]).toEqual([LEASE]);
  });

  it("stays small however often leases are renewed", async () => {
    const path = join(folder, "renewed.leases");
    const leases = new LeaseTable({ first: ip("10.255.0.100"), last: ip("10.255.0.110") });
    const file = await LeaseFile.open(path, leases, 10);
    for (let i = 0; i <= 20; i += 1) await file.save(leases.bind({ mac: LEASE.mac }, LEASE.address, NOW + i, 60_000)!);
    await file.close();
    expect(readFileSync(path, "utf8").match(/^lease /gm)!.length).toBe(2);
  });
});
