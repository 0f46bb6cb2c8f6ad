import type { IPResponse, MachineResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  FIREWALL_IMAGE,
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
import { proveErased } from "../testing/proof.ts";
import { refusal } from "../testing/refusal.ts";
import { books, createTenant, type Tenant } from "../testing/tenant.ts";
import { noMasterdata } from "../testing/world.ts";

let tenant: Tenant;
async function given(...parameters: Parameters<typeof createTenant>): Promise<void> {
  tenant = await createTenant(...parameters);
}
afterEach(() => tenant.world.close());

describe("an allocation", () => {
  it("takes a waiting machine with all that belongs to it, in one piece", async () => {
    await given();
    const [id] = tenant.fleet.machines;
    const announced: string[] = [];
    tenant.world.context.notifications.subscribe("machine", (machine) => announced.push(machine));
    const { status, body } = await tenant.allocate({
      hostname: "web",
      tags: ["a", "b=c"],
      user_data: "#cloud-config",
      description: "a web server",
      networks: [{ networkid: INTERNET }, { networkid: tenant.fleet.network.id }],
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
        networkid: tenant.fleet.network.id,
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
    const ip = await tenant.world.call<IPResponse>("view", "GET", "/v1/ip/203.0.113.1");
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
    const before = await books(tenant.world.context.db);
    const { body } = await tenant.allocate();
    const freed = await tenant.free(body.id);
    expect(freed.body).toMatchObject({ id: body.id, tags: [], reasons: ["being erased"] });
    expect(freed.body.allocation).toBeUndefined();
    expect(freed.body.events.log[0]).toMatchObject({ event: "Machine Reclaim", message: "free machine called" });
    expect(await books(tenant.world.context.db)).toEqual(before);
    // Once more does no harm, and until the erase is proven nobody gets it.
    expect((await tenant.free(body.id)).status).toBe(200);
    expect((await tenant.allocate({ uuid: body.id })).status).toBe(422);
    const releases = await sql<{ id: string }>`select id from releases`.execute(tenant.world.context.db);
    expect(releases.rows).toEqual([{ id: body.allocation!.allocationuuid }]);
  });

  it("keeps static addresses for their project, and takes given ones", async () => {
    await given({ internet: ["203.0.113.0/24", "2001:db8:a::/64"] });
    const ip = await tenant.world.call<IPResponse>("edit", "POST", "/v1/ip/allocate", {
      networkid: INTERNET,
      projectid: PROJECT,
      type: "static",
      addressfamily: "IPv6",
    });
    const { body } = await tenant.allocate({ ips: ["2001:DB8:A:0::1"] });
    expect(body.allocation!.networks.map(({ ips }) => ips)).toEqual([["10.0.0.1"], [ip.body.ipaddress]]);
    await tenant.free(body.id);
    expect((await tenant.world.call<IPResponse>("view", "GET", "/v1/ip/2001:db8:a::1")).body.tags).toEqual([]);
  });

  it("gets an address of each family of a network, and only given ones without autoacquire", async () => {
    await given({ machines: 2, internet: ["203.0.113.0/24", "2001:db8:a::/64"] });
    const both = await tenant.allocate();
    expect(both.body.allocation!.networks[1]!.ips).toEqual(["203.0.113.1", "2001:db8:a::1"]);
    expect(
      await refusal(tenant.allocate({ networks: [{ networkid: tenant.fleet.network.id, autoacquire: false }] })),
    ).toEqual([422, "missing ip(s) for network(s) without automatic ip allocation"]);
  });

  it("answers a repeated request with the same Idempotency-Key with the same machine, also when sent at once", async () => {
    await given({ machines: 3 });
    const key = { "idempotency-key": "order-1" };
    const answers = await Promise.all([tenant.allocate({}, key), tenant.allocate({}, key), tenant.allocate({}, key)]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await tenant.allocate({}, key)).body.id).toBe(answers[0].body.id);
    expect(await refusal(tenant.allocate({ name: "other" }, key))).toEqual([
      422,
      "this Idempotency-Key was used for another request, choose a new one",
    ]);
    expect((await tenant.allocate({}, { "idempotency-key": "order-2" })).body.id).not.toBe(answers[0].body.id);
    expect((await refusal(tenant.allocate({}, { "idempotency-key": "x".repeat(201) })))[0]).toBe(400);
  });

  it("respects the project's quota, also with many at once", async () => {
    const masterdata = {
      ...noMasterdata,
      project: async (id: string) => ({ id, name: id, tenantId: "t", quotas: { machines: 3, ips: 7 } }),
    };
    await given({ machines: 8 }, { masterdata });
    const answers = await Promise.all(Array.from({ length: 8 }, () => tenant.allocate()));
    expect(answers.filter(({ status }) => status === 200).length).toBe(3);
    expect(await refusal(tenant.allocate())).toEqual([422, "project quota for machines reached max:3"]);
    const ip = () => tenant.world.call("edit", "POST", "/v1/ip/allocate", { networkid: INTERNET, projectid: PROJECT });
    const ips = await Promise.all([ip(), ip(), ip()]);
    expect(ips.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(await refusal(ip())).toEqual([422, "project quota for ips reached max:7"]);
  });
});

describe("the choice of a machine", () => {
  it("spreads a project over racks, and machines with the same placement tags first of all", async () => {
    await given({ machines: 6, racks: 3 });
    const racks = [];
    for (let index = 0; index < 6; index++) racks.push((await tenant.allocate()).body.rackid);
    expect(new Set(racks.slice(0, 3)).size).toBe(3);
    expect(new Set(racks.slice(3)).size).toBe(3);
    for (const rack of ["rack-1", "rack-2"]) await waitingMachine(tenant.world.context.db, { rack });
    const tagged = await tenant.allocate({ tags: ["db"], placement_tags: ["db"] });
    await waitingMachine(tenant.world.context.db, { rack: tagged.body.rackid! });
    const other = await tenant.allocate({ tags: ["db"], placement_tags: ["db"] });
    expect(other.body.rackid).not.toBe(tagged.body.rackid);
  });

  it("says of every group of machines why it is not available", async () => {
    await given({ machines: 1 });
    const { db } = tenant.world.context;
    await tenant.allocate();
    await waitingMachine(db, { state_value: "LOCKED" });
    await waitingMachine(db, { disks: "erasing" });
    await waitingMachine(db, { disks: "erasing" });
    await waitingMachine(db, { disks: "quarantined" });
    await waitingMachine(db, { waiting_until: null });
    const silent = await waitingMachine(db);
    await sql`update provisioning_states set last_event_time = now() - interval '6 minutes' where machine_id = ${silent}`.execute(
      db,
    );
    const refused = (await tenant.allocate()).body as unknown as { reasons: string[] };
    expect(refused.reasons).toHaveLength(7);
    expect(refused.reasons).toContain(`machine ${silent}: silent for more than five minutes`);
    expect(await refusal(tenant.allocate())).toEqual([
      422,
      `no machine available: of 7 machines of size ${SIZE} in partition ${PARTITION}: 2 being erased, 1 allocated, ` +
        "1 locked by an operator, 1 not waiting for instructions (booting, or switched off), " +
        "1 quarantined: its disks could not be proven erased, 1 silent for more than five minutes",
    ]);
  });

  it("by name takes a reserved one, but none that is locked, not erased or somebody's", async () => {
    await given({ machines: 0 });
    const { db } = tenant.world.context;
    const reserved = await waitingMachine(db, { state_value: "TAINTED" });
    expect((await refusal(tenant.allocate()))[0]).toBe(422);
    expect((await tenant.allocate({ uuid: reserved, partitionid: "", sizeid: "" })).body.id).toBe(reserved);
    expect(await refusal(tenant.allocate({ uuid: reserved }))).toEqual([
      422,
      `machine "${reserved}" already allocated`,
    ]);
    const locked = await waitingMachine(db, { state_value: "LOCKED", state_description: "mine" });
    expect(await tenant.allocate({ uuid: locked })).toMatchObject({
      status: 422,
      body: { message: `machine "${locked}" is locked: mine`, reasons: [`machine ${locked}: is locked: mine`] },
    });
    const dirty = await waitingMachine(db, { disks: "unknown" });
    expect((await refusal(tenant.allocate({ uuid: dirty })))[0]).toBe(422);
    expect((await refusal(tenant.allocate({ uuid: "nobody" })))[0]).toBe(400);
  });
});

describe("a request that cannot be met", () => {
  beforeEach(async () => {
    await given({ machines: 1 });
  });

  it("is refused with the original's words, and nothing of it stays", async () => {
    const { db } = tenant.world.context;
    const before = await books(tenant.world.context.db);
    const own = { networkid: tenant.fleet.network.id };
    const cases: [object, number, string][] = [
      [{ networks: null }, 400, "network ids cannot be nil"],
      [{ imageid: "debian-11.0" }, 400, 'NotFound no image with id "debian-11.0" found'],
      [{ imageid: FIREWALL_IMAGE }, 400, "given image is not usable for a machine, features: firewall"],
      [{ partitionid: "" }, 400, "when no machine id is given, a partition id must be specified"],
      [{ sizeid: "unknown" }, 400, 'size:unknown not found err:NotFound no size with id "unknown" found'],
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
      expect(await refusal(tenant.allocate(more)), JSON.stringify(more)).toEqual([status, message]);
    }
    expect(await books(tenant.world.context.db)).toEqual(before);

    await db
      .updateTable("machines")
      .set({ disks: "erasing", hardware: json({ ...HARDWARE, disks: [{ name: "/dev/vda", size: 1e12 }] }) })
      .execute();
    await proveErased(db, tenant.fleet.machines[0]!);
    expect(await refusal(tenant.allocate())).toEqual([
      422,
      "unable to check for fsl match:device:/dev/sda does not exist on given hardware",
    ]);
    await db.deleteFrom("filesystem_layouts").execute();
    expect(await refusal(tenant.allocate())).toEqual([
      422,
      `could not find a matching filesystemLayout for size:${SIZE} and image:${IMAGE}`,
    ]);
    expect(await books(tenant.world.context.db)).toEqual(before);
  });
});

describe("a firewall", () => {
  it("gets the underlay, and its rules", async () => {
    await given({ machines: 1 });
    const firewall = await tenant.world.call<MachineResponse>(
      "edit",
      "POST",
      "/v1/firewall/allocate",
      tenant.request({
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
    const found = await tenant.world.call<MachineResponse[]>("view", "POST", "/v1/firewall/find", {});
    expect(found.body.map(({ id }) => id)).toEqual(tenant.fleet.machines);
    expect((await tenant.world.call("view", "GET", `/v1/firewall/${firewall.body.id}`)).status).toBe(200);
    await tenant.free(firewall.body.id);
    expect(await refusal(tenant.world.call("view", "GET", `/v1/firewall/${firewall.body.id}`))).toEqual([
      404,
      "machine is not a firewall",
    ]);
  });
});
