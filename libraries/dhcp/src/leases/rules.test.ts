import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIpv4 } from "../address.ts";
import { ABANDON_MS, LeaseTable, OFFER_MS, type Lease } from "./rules.ts";

const ip = (text: string) => parseIpv4(text)!;
const mac = (n: number) => `52:54:00:00:00:${n.toString(16).padStart(2, "0")}`;
const HOUR = 3_600_000;

function table(extra: Partial<ConstructorParameters<typeof LeaseTable>[0]> = {}) {
  return new LeaseTable({ first: ip("10.0.0.10"), last: ip("10.0.0.13"), ...extra });
}

describe("a client without history", () => {
  it("gets the lowest free address, and the next client the next", () => {
    const leases = table();
    expect(leases.offer({ mac: mac(1) }, undefined, 0)?.address).toBe(ip("10.0.0.10"));
    expect(leases.offer({ mac: mac(2) }, undefined, 0)?.address).toBe(ip("10.0.0.11"));
  });

  it("gets the address it asks for when that is free", () => {
    expect(table().offer({ mac: mac(1) }, ip("10.0.0.12"), 0)?.address).toBe(ip("10.0.0.12"));
    expect(table().offer({ mac: mac(1) }, ip("10.9.9.9"), 0)?.address).toBe(ip("10.0.0.10"));
  });

  it("gets nothing when the range is used up, until an offer that nobody took ends", () => {
    const leases = table();
    for (let n = 1; n <= 4; n += 1) leases.offer({ mac: mac(n) }, undefined, 0);
    expect(leases.offer({ mac: mac(5) }, undefined, OFFER_MS - 1)).toBeUndefined();
    expect(leases.offer({ mac: mac(5) }, undefined, OFFER_MS)?.address).toBe(ip("10.0.0.10"));
  });

  it("may keep an address this server forgot, but not somebody else's", () => {
    const leases = table();
    expect(leases.bind({ mac: mac(1) }, ip("10.0.0.13"), 0, HOUR)?.state).toBe("active");
    expect(leases.bind({ mac: mac(2) }, ip("10.0.0.13"), 0, HOUR)).toBeUndefined();
    expect(leases.bind({ mac: mac(2) }, ip("10.0.0.9"), 0, HOUR)).toBeUndefined();
  });
});

describe("a client with a lease", () => {
  it("keeps it through firmware, iPXE and kernel, which ask one after the other", () => {
    const leases = table();
    leases.offer({ mac: mac(1), uuid: "u" }, undefined, 0);
    leases.bind({ mac: mac(1), uuid: "u" }, ip("10.0.0.10"), 0, HOUR);
    expect(leases.offer({ mac: mac(1) }, undefined, 5)).toMatchObject({ address: ip("10.0.0.10"), state: "active" });
    expect(leases.bind({ mac: mac(1) }, ip("10.0.0.10"), 6, HOUR)).toMatchObject({ uuid: "u", ends: 6 + HOUR });
  });

  it("gets the same address after a release and after the lease ended, while nobody else needs it", () => {
    const leases = table();
    leases.bind({ mac: mac(1) }, ip("10.0.0.12"), 0, HOUR);
    leases.release(mac(1), ip("10.0.0.12"), 1);
    expect(leases.ofMac(mac(1), 2)).toBeUndefined();
    expect(leases.offer({ mac: mac(1) }, undefined, 2)?.address).toBe(ip("10.0.0.12"));
    leases.bind({ mac: mac(1) }, ip("10.0.0.12"), 3, HOUR);
    expect(leases.ofAddress(ip("10.0.0.12"), 3 + HOUR)).toBeUndefined();
    expect(leases.offer({ mac: mac(1) }, undefined, 3 + HOUR)?.address).toBe(ip("10.0.0.12"));
  });

  it("gets another address when somebody else answers on its own", () => {
    const leases = table();
    leases.bind({ mac: mac(1) }, ip("10.0.0.10"), 0, HOUR);
    expect(leases.decline(mac(2), ip("10.0.0.10"), 1)).toBeUndefined();
    expect(leases.decline(mac(1), ip("10.0.0.10"), 1)?.state).toBe("abandoned");
    expect(leases.offer({ mac: mac(1) }, ip("10.0.0.10"), 2)?.address).toBe(ip("10.0.0.11"));
    expect(leases.offer({ mac: mac(2) }, ip("10.0.0.10"), 1 + ABANDON_MS)?.address).toBe(ip("10.0.0.10"));
  });
});

describe("kept addresses", () => {
  it("go to their client only; excluded ones to nobody", () => {
    const leases = table({ fixed: new Map([[mac(9), ip("10.0.0.10")]]), excluded: new Set([ip("10.0.0.11")]) });
    expect(leases.offer({ mac: mac(1) }, ip("10.0.0.10"), 0)?.address).toBe(ip("10.0.0.12"));
    expect(leases.offer({ mac: mac(9) }, ip("10.0.0.13"), 0)?.address).toBe(ip("10.0.0.10"));
    expect(leases.bind({ mac: mac(9) }, ip("10.0.0.13"), 0, HOUR)).toBeUndefined();
  });

  it("are honoured when leases from before a change of settings are restored", () => {
    const old: Lease = { address: ip("10.0.0.11"), mac: mac(1), state: "active", starts: 0, ends: HOUR };
    const leases = table({ excluded: new Set([ip("10.0.0.11")]) });
    leases.restore([old, { ...old, address: ip("10.0.0.99") }, { ...old, mac: mac(2), address: ip("10.0.0.12") }]);
    expect([...leases.all()].map(({ mac }) => mac)).toEqual([mac(2)]);
  });
});

describe("whatever clients do", () => {
  const action = fc.record({
    what: fc.constantFrom("offer", "bind", "release", "decline", "wait", "restart"),
    client: fc.integer({ min: 1, max: 7 }),
    address: fc.integer({ min: ip("10.0.0.8"), max: ip("10.0.0.15") }),
    time: fc.integer({ min: 1, max: 2 * ABANDON_MS }),
  });

  it("an address has one client, a client one address, and a running lease is never taken away", () => {
    const pool = { first: ip("10.0.0.10"), last: ip("10.0.0.13"), fixed: new Map([[mac(7), ip("10.0.0.15")]]) };
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        let leases = new LeaseTable(pool);
        let now = 0;
        for (const { what, client, address, time } of actions) {
          const before = [...leases.all()].filter(({ state, ends }) => state === "active" && ends > now);
          const own = mac(client);
          if (what === "offer") leases.offer({ mac: own }, address, now);
          if (what === "bind") leases.bind({ mac: own }, address, now, HOUR);
          if (what === "release") leases.release(own, address, now);
          if (what === "decline") leases.decline(own, address, now);
          if (what === "wait") now += time;
          if (what === "restart") {
            const next = new LeaseTable(pool);
            next.restore(leases.all());
            leases = next;
          }
          for (const lease of before) {
            if (lease.mac !== own && lease.ends > now) expect(leases.ofMac(lease.mac, now)).toEqual(lease);
          }
          const held = [...leases.all()].filter(({ ends }) => ends > now);
          expect(new Set(held.map((lease) => lease.address)).size).toBe(held.length);
          const owned = held.filter(({ state }) => state !== "abandoned");
          expect(new Set(owned.map((lease) => lease.mac)).size).toBe(owned.length);
          for (const lease of held) {
            const allowed = lease.mac === mac(7) ? lease.address === ip("10.0.0.15") : lease.address <= ip("10.0.0.13");
            expect(allowed && lease.address >= ip("10.0.0.10")).toBe(true);
          }
        }
      }),
    );
  });
});
