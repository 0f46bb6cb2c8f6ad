import { setTimeout as sleep } from "node:timers/promises";
import type { IPResponse, MachineResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ipRoutes } from "../ips/routes.ts";
import { machineRoutes } from "../machines/routes.ts";
import {
  buildFleet,
  FIREWALL_IMAGE,
  type Fleet,
  HARDWARE,
  IMAGE,
  INTERNET,
  LAYOUT,
  PARTITION,
  PROJECT,
  SIZE,
  SUPER,
  UNDERLAY,
  waitingMachine,
} from "../testing/fleet.ts";
import { createWorld, noMasterdata, type World } from "../testing/world.ts";
import { allocationRoutes } from "./routes.ts";

const ROUTES = [allocationRoutes, machineRoutes, ipRoutes];

let world: World;
let fleet: Fleet;
async function given(
  options: Parameters<typeof buildFleet>[1] = {},
  overrides: Parameters<typeof createWorld>[1] = {},
) {
  world = await createWorld(ROUTES, overrides);
  fleet = await buildFleet(world.context.db, options);
}
afterEach(() => world.close());

function request(more: object = {}) {
  return {
    name: "web-1",
    projectid: PROJECT,
    partitionid: PARTITION,
    sizeid: SIZE,
    imageid: "debian-12.0",
    networks: [{ networkid: fleet.network.id }, { networkid: INTERNET }],
    ...more,
  };
}
const allocate = (more: object = {}, headers: Record<string, string> = {}) =>
  world.call<MachineResponse>("edit", "POST", "/v1/machine/allocate", request(more), headers);
const free = (id: string) => world.call<MachineResponse>("edit", "DELETE", `/v1/machine/${id}/free`);
async function refusal(answer: Promise<{ status: number; body: unknown }>): Promise<unknown[]> {
  const { status, body } = await answer;
  return [status, (body as { message: string }).message];
}

/** Everything that a failed allocation could leave behind; free numbers do not show, they are remade in lots. */
async function books(): Promise<unknown> {
  const { rows } = await sql`
    select (select count(*) from allocations) as allocations, (select count(*) from ips) as ips,
      (select count(*) from ipam.addresses) as addresses, (select sum(addresses)::bigint from ipam.prefixes) as counted,
      (select count(*) from machines where disks = 'in-use') as used, (select count(*) from ips where tags <> '{}') as tagged,
      (select next - first - (select count(*) from free_numbers where pool = 'asn') from number_pools where pool = 'asn') as asns
  `.execute(world.context.db);
  return rows[0];
}

describe("an allocation", () => {
  it("takes a waiting machine with all that belongs to it, in one piece", async () => {
    await given();
    const [id] = fleet.machines;
    const announced: string[] = [];
    world.context.notifications.subscribe("machine", (machine) => announced.push(machine));
    const { status, body } = await allocate({
      hostname: "web",
      tags: ["a", "b=c"],
      user_data: "#cloud-config",
      description: "a web server",
      networks: [{ networkid: INTERNET }, { networkid: fleet.network.id }],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      rackid: "rack-1",
      partition: { id: PARTITION },
      size: { id: SIZE },
      liveliness: "Alive",
      state: { value: "" },
      tags: [
        "a",
        "b=c",
        `machine.metal-stack.io/chassis=chassis-${id!.slice(0, 4)}`,
        "machine.metal-stack.io/network.primary.asn=4210000001",
        "machine.metal-stack.io/rack=rack-1",
      ],
      reasons: ["allocated"],
    });
    expect(body.allocation).toMatchObject({
      creator: "metal-edit@metal-stack.io",
      name: "web-1",
      description: "a web server",
      project: PROJECT,
      hostname: "web",
      user_data: "#cloud-config",
      role: "machine",
      succeeded: false,
      reinstall: false,
      ssh_pub_keys: [],
      image: { id: IMAGE },
      filesystemlayout: { id: LAYOUT },
      dns_servers: [{ ip: "9.9.9.9" }],
      ntp_servers: [{ address: "pool.ntp.org" }],
    });
    expect(body.allocation!.networks).toEqual([
      {
        networkid: INTERNET,
        prefixes: ["203.0.113.0/24"],
        ips: ["203.0.113.1"],
        destinationprefixes: ["0.0.0.0/0"],
        vrf: 104009,
        asn: 4210000001,
        nat: true,
        private: false,
        underlay: false,
        networktype: "external",
        networktypev2: "external",
        nattypev2: "ipv4-masq",
        projectid: "",
      },
      {
        networkid: fleet.network.id,
        prefixes: ["10.0.0.0/22"],
        ips: ["10.0.0.1"],
        destinationprefixes: [],
        vrf: 1,
        asn: 4210000001,
        nat: false,
        private: true,
        underlay: false,
        networktype: "privateprimaryunshared",
        networktypev2: "child",
        nattypev2: "none",
        projectid: PROJECT,
      },
    ]);
    const ip = await world.call<IPResponse>("view", "GET", "/v1/ip/203.0.113.1");
    expect(ip.body).toMatchObject({
      name: "web-1",
      description: "autoassigned",
      type: "ephemeral",
      projectid: PROJECT,
      tags: [`machine.metal-stack.io/id=${id}`],
    });
    await expect.poll(() => announced).toContain(id);
  });

  it("is undone by free: addresses, ASN and tags are gone at once, and the machine is erased before it comes back", async () => {
    await given();
    const before = await books();
    const { body } = await allocate();
    const freed = await free(body.id);
    expect(freed.body).toMatchObject({ id: body.id, tags: [], reasons: ["being erased"] });
    expect(freed.body.allocation).toBeUndefined();
    expect(freed.body.events.log[0]).toMatchObject({ event: "Machine Reclaim", message: "free machine called" });
    expect(await books()).toEqual(before);
    // Once more does no harm, and until the erase is proven nobody gets it.
    expect((await free(body.id)).status).toBe(200);
    expect((await allocate({ uuid: body.id })).status).toBe(422);
    const releases = await sql<{ id: string }>`select id from releases`.execute(world.context.db);
    expect(releases.rows).toEqual([{ id: body.allocation!.allocationuuid }]);
  });

  it("keeps static addresses for their project, and takes given ones", async () => {
    await given({ internet: ["203.0.113.0/24", "2001:db8:a::/64"] });
    const ip = await world.call<IPResponse>("edit", "POST", "/v1/ip/allocate", {
      networkid: INTERNET,
      projectid: PROJECT,
      type: "static",
      addressfamily: "IPv6",
    });
    const { body } = await allocate({ ips: ["2001:DB8:A:0::1"] });
    expect(body.allocation!.networks.map(({ ips }) => ips)).toEqual([["10.0.0.1"], [ip.body.ipaddress]]);
    await free(body.id);
    expect((await world.call<IPResponse>("view", "GET", "/v1/ip/2001:db8:a::1")).body.tags).toEqual([]);
  });

  it("gets an address of each family of a network, and only given ones without autoacquire", async () => {
    await given({ machines: 2, internet: ["203.0.113.0/24", "2001:db8:a::/64"] });
    const both = await allocate();
    expect(both.body.allocation!.networks[1]!.ips).toEqual(["203.0.113.1", "2001:db8:a::1"]);
    expect(await refusal(allocate({ networks: [{ networkid: fleet.network.id, autoacquire: false }] }))).toEqual([
      422,
      "missing ip(s) for network(s) without automatic ip allocation",
    ]);
  });

  it("answers a repeated request with the same Idempotency-Key with the same machine, also when sent at once", async () => {
    await given({ machines: 3 });
    const key = { "idempotency-key": "order-1" };
    const answers = await Promise.all([allocate({}, key), allocate({}, key), allocate({}, key)]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await allocate({}, key)).body.id).toBe(answers[0].body.id);
    expect(await refusal(allocate({ name: "other" }, key))).toEqual([
      422,
      "this Idempotency-Key was used for another request, choose a new one",
    ]);
    expect((await allocate({}, { "idempotency-key": "order-2" })).body.id).not.toBe(answers[0].body.id);
    expect((await refusal(allocate({}, { "idempotency-key": "x".repeat(201) })))[0]).toBe(400);
  });

  it("respects the project's quota, also with many at once", async () => {
    const masterdata = {
      ...noMasterdata,
      project: async (id: string) => ({ id, name: id, tenantId: "t", quotas: { machines: 3, ips: 7 } }),
    };
    await given({ machines: 8 }, { masterdata });
    const answers = await Promise.all(Array.from({ length: 8 }, () => allocate()));
    expect(answers.filter(({ status }) => status === 200).length).toBe(3);
    expect(await refusal(allocate())).toEqual([422, "project quota for machines reached max:3"]);
    const ip = () => world.call("edit", "POST", "/v1/ip/allocate", { networkid: INTERNET, projectid: PROJECT });
    const ips = await Promise.all([ip(), ip(), ip()]);
    expect(ips.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(await refusal(ip())).toEqual([422, "project quota for ips reached max:7"]);
  });
});

describe("the choice of a machine", () => {
  it("spreads a project over racks, and machines with the same placement tags first of all", async () => {
    await given({ machines: 6, racks: 3 });
    const racks = [];
    for (let index = 0; index < 6; index++) racks.push((await allocate()).body.rackid);
    expect(new Set(racks.slice(0, 3)).size).toBe(3);
    expect(new Set(racks.slice(3)).size).toBe(3);
    for (const rack of ["rack-1", "rack-2"]) await waitingMachine(world.context.db, { rack });
    const tagged = await allocate({ tags: ["db"], placement_tags: ["db"] });
    await waitingMachine(world.context.db, { rack: tagged.body.rackid! });
    const other = await allocate({ tags: ["db"], placement_tags: ["db"] });
    expect(other.body.rackid).not.toBe(tagged.body.rackid);
  });

  it("says of every group of machines why it is not available", async () => {
    await given({ machines: 1 });
    const { db } = world.context;
    await allocate();
    await waitingMachine(db, { state_value: "LOCKED" });
    await waitingMachine(db, { disks: "erasing" });
    await waitingMachine(db, { disks: "erasing" });
    await waitingMachine(db, { disks: "quarantined" });
    await waitingMachine(db, { waiting_until: null });
    const silent = await waitingMachine(db);
    await sql`update provisioning_states set last_event_time = now() - interval '6 minutes' where machine_id = ${silent}`.execute(
      db,
    );
    expect(await refusal(allocate())).toEqual([
      422,
      `no machine available: of 7 machines of size ${SIZE} in partition ${PARTITION}: 2 being erased, 1 allocated, ` +
        "1 locked by an operator, 1 not waiting for instructions (booting, or switched off), " +
        "1 quarantined: its disks could not be proven erased, 1 silent for more than five minutes",
    ]);
  });

  it("by name takes a reserved one, but none that is locked, not erased or somebody's", async () => {
    await given({ machines: 0 });
    const { db } = world.context;
    const reserved = await waitingMachine(db, { state_value: "TAINTED" });
    expect((await refusal(allocate()))[0]).toBe(422);
    expect((await allocate({ uuid: reserved, partitionid: "", sizeid: "" })).body.id).toBe(reserved);
    expect(await refusal(allocate({ uuid: reserved }))).toEqual([422, `machine "${reserved}" already allocated`]);
    const locked = await waitingMachine(db, { state_value: "LOCKED", state_description: "mine" });
    expect(await refusal(allocate({ uuid: locked }))).toEqual([422, `machine "${locked}" is locked: mine`]);
    const dirty = await waitingMachine(db, { disks: "unknown" });
    expect((await refusal(allocate({ uuid: dirty })))[0]).toBe(422);
    expect((await refusal(allocate({ uuid: "nobody" })))[0]).toBe(400);
  });
});

describe("a request that cannot be met", () => {
  beforeEach(async () => {
    await given({ machines: 1 });
  });

  it("is refused with the original's words, and nothing of it stays", async () => {
    const { db } = world.context;
    const before = await books();
    const own = { networkid: fleet.network.id };
    const cases: [object, number, string][] = [
      [{ networks: null }, 400, "network ids cannot be nil"],
      [{ imageid: "debian-11.0" }, 400, 'NotFound no image with id "debian-11.0" found'],
      [{ imageid: FIREWALL_IMAGE }, 400, "given image is not usable for a machine, features: firewall"],
      [{ partitionid: "" }, 400, "when no machine id is given, a partition id must be specified"],
      [{ sizeid: "unknown" }, 400, 'NotFound no size with id "unknown" found'],
      [
        { dns_servers: [1, 2, 3, 4].map((host) => ({ ip: `10.0.0.${host}` })) },
        400,
        "please specify a maximum of three dns servers",
      ],
      [{ projectid: "" }, 422, "project id must be specified"],
      [{ ips: ["42"] }, 422, '"42" is not a valid IP address'],
      [{ filesystemlayoutid: "none" }, 404, 'NotFound no filesystemlayout with id "none" found'],
      [{ networks: [{ networkid: "none" }, own] }, 404, 'NotFound no network with id "none" found'],
      [{ networks: [{ networkid: INTERNET }] }, 422, "unable to gather networks:no private network given"],
      [{ networks: [own, own] }, 422, "unable to gather networks:given network ids are not unique"],
      [
        { networks: [own, { networkid: UNDERLAY }] },
        422,
        `unable to gather networks:underlay networks are not allowed to be set explicitly: ${UNDERLAY}`,
      ],
      [
        { networks: [{ networkid: SUPER }] },
        422,
        `unable to gather networks:private super networks are not allowed to be set explicitly: ${SUPER}`,
      ],
      [
        { projectid: "other" },
        422,
        "unable to gather networks:the given private network does not belong to the project, which is not allowed",
      ],
      [{ ips: ["203.0.113.77"] }, 404, 'NotFound no ip with id "203.0.113.77" found'],
    ];
    for (const [more, status, message] of cases) {
      expect(await refusal(allocate(more)), JSON.stringify(more)).toEqual([status, message]);
    }
    expect(await books()).toEqual(before);

    await db
      .updateTable("machines")
      .set({ hardware: json({ ...HARDWARE, disks: [{ name: "/dev/vda", size: 1e12 }] }) })
      .execute();
    expect(await refusal(allocate())).toEqual([
      422,
      "unable to check for fsl match:device:/dev/sda does not exist on given hardware",
    ]);
    await db.deleteFrom("filesystem_layouts").execute();
    expect(await refusal(allocate())).toEqual([
      422,
      `could not find a matching filesystemLayout for size:${SIZE} and image:${IMAGE}`,
    ]);
    expect(await books()).toEqual(before);
  });
});

describe("a firewall", () => {
  it("gets the underlay, and its rules", async () => {
    await given({ machines: 1 });
    const firewall = await world.call<MachineResponse>(
      "edit",
      "POST",
      "/v1/firewall/allocate",
      request({
        imageid: "firewall-ubuntu-3.0",
        firewall_rules: { egress: [{ protocol: "UDP", ports: [53], to: ["0.0.0.0/0"], comment: "dns" }] },
      }),
    );
    expect(firewall.status).toBe(200);
    expect(firewall.body.allocation).toMatchObject({
      role: "firewall",
      firewall_rules: { egress: [{ protocol: "udp", ports: [53], to: ["0.0.0.0/0"], comment: "dns" }], ingress: [] },
    });
    expect(firewall.body.allocation!.networks.map(({ networktype }) => networktype)).toEqual([
      "privateprimaryunshared",
      "external",
      "underlay",
    ]);
    const found = await world.call<MachineResponse[]>("view", "POST", "/v1/firewall/find", {});
    expect(found.body.map(({ id }) => id)).toEqual(fleet.machines);
    expect((await world.call("view", "GET", `/v1/firewall/${firewall.body.id}`)).status).toBe(200);
    await free(firewall.body.id);
    expect((await world.call("view", "GET", `/v1/firewall/${firewall.body.id}`)).status).toBe(404);
  });
});

describe("many allocations at once", () => {
  it("50 over 10 machines and 6 addresses: no machine and no address twice, nothing left behind by those that failed", async () => {
    await given({ machines: 10, racks: 2, internet: ["203.0.113.0/29"] });
    const before = await books();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => allocate({ name: `web-${index}` })));
    const won = answers.filter(({ status }) => status === 200).map(({ body }) => body);
    expect(won.length).toBe(6);
    expect(new Set(won.map(({ id }) => id)).size).toBe(6);
    const ips = won.flatMap(({ allocation }) => allocation!.networks.flatMap(({ ips }) => ips));
    expect(new Set(ips).size).toBe(12);
    expect(new Set(won.map(({ allocation }) => allocation!.networks[0]!.asn)).size).toBe(6);
    for (const { status, body } of answers.filter(({ status }) => status !== 200)) {
      const { message } = body as unknown as { message: string };
      expect([status, message], message).toEqual([500, expect.stringContaining("no ips left")]);
    }
    expect(await books()).toMatchObject({ allocations: 6, ips: 12, addresses: 12, counted: 12, used: 6, asns: 6 });
    await Promise.all(won.map(({ id }) => free(id)));
    expect(await books()).toEqual(before);
  });

  it("and frees of the same machines again and again end with everything accounted for", async () => {
    await given({ machines: 4 });
    const before = await books();
    const { db } = world.context;
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let round = 0; round < 4; round++) {
          const { status, body } = await allocate();
          if (status !== 200) continue;
          await Promise.all([free(body.id), free(body.id)]);
          // The hammer proves the erase and waits again.
          await db.updateTable("releases").set({ finished: new Date() }).where("machine_id", "=", body.id).execute();
          await db
            .updateTable("machines")
            .set({ disks: "erased", waiting_until: sql<Date>`now() + interval '1 hour'` })
            .where("id", "=", body.id)
            .where("disks", "=", "erasing")
            .execute();
        }
      }),
    );
    expect(await books()).toEqual(before);
  });

  it("survive connections that are cut in the middle: what is not answered did not happen, or is complete", async () => {
    await given({ machines: 10 });
    const { db } = world.context;
    const answered = new AbortController();
    const cutter = (async () => {
      while (!answered.signal.aborted) {
        await sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and state like '%transaction%'
          order by random() limit 1`
          .execute(db)
          .catch(() => undefined);
        await sleep(3);
      }
    })();
    const answers = await Promise.all(Array.from({ length: 50 }, () => allocate()));
    answered.abort();
    await cutter;
    const won = answers.filter(({ status }) => status === 200).map(({ body }) => body.id);
    const { rows } = await sql<{ machine_id: string; ips: number; disks: string }>`
      select machine_id, disks, (select count(*) from ips where tags @> array['machine.metal-stack.io/id=' || machine_id]) as ips
      from allocations join machines on machines.id = machine_id`.execute(db);
    expect(rows.map(({ machine_id }) => machine_id)).toEqual(expect.arrayContaining(won));
    expect(new Set(won).size).toBe(won.length);
    expect(rows.every(({ ips, disks }) => ips === 2 && disks === "in-use")).toBe(true);
    expect(await books()).toMatchObject({
      allocations: rows.length,
      ips: 2 * rows.length,
      addresses: 2 * rows.length,
      counted: 2 * rows.length,
      used: rows.length,
      asns: rows.length,
    });
  });
});
