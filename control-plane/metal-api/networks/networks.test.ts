import type { IPResponse, NetworkResponse } from "@metal-stack/api-schema";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ipRoutes } from "../ips/routes.ts";
import { buildFleet, INTERNET, PARTITION, PROJECT, SUPER, UNDERLAY } from "../testing/fleet.ts";
import { refusal } from "../testing/refusal.ts";
import { createWorld, signed, type World } from "../testing/world.ts";
import { networkRoutes } from "./routes.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld([networkRoutes, ipRoutes]);
  await buildFleet(world.context.db, { machines: 0 });
});
afterAll(() => world.close());

const create = (body: object) => world.call<NetworkResponse>("admin", "PUT", "/v1/network", body);
const allocate = (body: object = {}) =>
  world.call<NetworkResponse>("edit", "POST", "/v1/network/allocate", {
    projectid: PROJECT,
    partitionid: PARTITION,
    ...body,
  });
const allocateIp = (networkid: string) =>
  world.call<IPResponse>("edit", "POST", "/v1/ip/allocate", { networkid, projectid: PROJECT });

/** Everything that a failed command could leak. */
async function books(): Promise<unknown> {
  const { rows } = await sql`
    select (select count(*) from networks) as networks, (select count(*) from ipam.prefixes) as prefixes,
           (select sum(children) from ipam.prefixes) as children, (select count(*) from ips) as ips,
           (select count(*) from ipam.addresses) as addresses,
           (select next - (select count(*) from free_numbers where pool = 'vrf') from number_pools where pool = 'vrf') as vrfs
  `.execute(world.context.db);
  return rows[0];
}

describe("an operator's network", () => {
  it("is created, read, found, changed and deleted", async () => {
    const before = await books();
    const created = await create({
      id: "mpls",
      name: "MPLS",
      prefixes: ["100.64.0.0/24", "2001:db8:64::/64"],
      destinationprefixes: ["0.0.0.0/0"],
      vrf: 4711,
      labels: { a: "b" },
      nat: false,
    });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      id: "mpls",
      name: "MPLS",
      description: "",
      partitionid: "",
      projectid: "",
      labels: { a: "b" },
      shared: false,
      prefixes: ["100.64.0.0/24", "2001:db8:64::/64"],
      destinationprefixes: ["0.0.0.0/0"],
      nat: false,
      privatesuper: false,
      underlay: false,
      vrf: 4711,
      networktype: "external",
      nattype: "none",
      consumption: {
        ipv4: { available_ips: 256, used_ips: 2, available_prefixes: 64, used_prefixes: 0 },
        ipv6: { available_ips: 2147483647, used_ips: 1, available_prefixes: 2147483647, used_prefixes: 0 },
      },
      usage: { available_ips: 256, used_ips: 2, available_prefixes: 64, used_prefixes: 0 },
      created: expect.stringMatching(/Z$/) as string,
      changed: expect.stringMatching(/Z$/) as string,
    });
    expect((await world.call("view", "GET", "/v1/network/mpls")).body).toEqual(created.body);
    const found = await world.call<NetworkResponse[]>("view", "POST", "/v1/network/find", {
      labels: { a: "b" },
      prefixes: ["100.64.0.0/24"],
      addressfamily: "ipv6",
      vrf: 4711,
    });
    expect(found.body).toEqual([created.body]);

    const updated = await world.call<NetworkResponse>("admin", "POST", "/v1/network", {
      id: "mpls",
      labels: {},
      prefixes: ["100.64.0.0/24", "100.65.0.0/24"],
      destinationprefixes: null,
    });
    expect(updated.body).toMatchObject({ labels: {}, name: "MPLS", destinationprefixes: ["0.0.0.0/0"], vrf: 4711 });
    expect(updated.body.consumption).toEqual({
      ipv4: { available_ips: 512, used_ips: 4, available_prefixes: 128, used_prefixes: 0 },
    });
    expect((await world.call("admin", "DELETE", "/v1/network/mpls")).status).toBe(200);
    expect(await refusal(world.call("view", "GET", "/v1/network/mpls"))).toEqual([
      404,
      'NotFound no network with id "mpls" found',
    ]);
    // Number 4711 is now a free row of its own, ahead of the lots; all else is as before.
    expect(await books()).toEqual({ ...(before as object), vrfs: expect.anything() as unknown });
  });

  it.each([
    [{}, 400, "no prefixes given"],
    [{ prefixes: ["1.2.3.4"] }, 400, "given prefix 1.2.3.4 is not a valid ip with mask"],
    [
      { prefixes: ["198.51.100.0/24"], defaultchildprefixlength: { IPv4: 26 } },
      400,
      "defaultchildprefixlength can only be set for privatesuper networks",
    ],
    [
      { prefixes: ["198.51.100.0/24"], destinationprefixes: ["::/0"] },
      400,
      "addressfamily:IPv6 of destination prefixes is not present in existing prefixes",
    ],
    [
      { prefixes: ["198.51.100.0/24"], privatesuper: true },
      400,
      "private super network must always contain a defaultchildprefixlength",
    ],
    [
      { prefixes: ["198.51.100.0/24"], privatesuper: true, defaultchildprefixlength: { ipv4: 24 } },
      400,
      "given defaultchildprefixlength 24 is not greater than prefix length of:198.51.100.0/24",
    ],
    [
      { prefixes: ["198.51.100.0/24", "2001:db8:1::/48"], privatesuper: true, defaultchildprefixlength: { IPv4: 26 } },
      400,
      "private super network must always contain a defaultchildprefixlength per addressfamily:IPv6",
    ],
    [
      { prefixes: ["198.51.100.0/24"], additionalAnnouncableCIDRs: ["10.0.0.0/8"] },
      400,
      "additionalannouncablecidrs can only be set in a private super network",
    ],
    [{ id: INTERNET, prefixes: ["198.51.100.0/24"] }, 409, "Conflict entity already exists"],
    [
      { prefixes: ["203.0.113.128/25"] },
      422,
      "unable to create prefix in ipam: 203.0.113.128/25 overlaps 203.0.113.0/24",
    ],
    [{ prefixes: ["198.51.100.0/24"], partitionid: "nowhere" }, 404, 'NotFound no partition with id "nowhere" found'],
    [
      {
        prefixes: ["198.51.100.0/24"],
        partitionid: PARTITION,
        privatesuper: true,
        defaultchildprefixlength: { IPv4: 26 },
      },
      400,
      `partition with id "${PARTITION}" already has a private super network`,
    ],
    [
      { prefixes: ["198.51.100.0/24"], partitionid: PARTITION, underlay: true },
      422,
      `partition with id "${PARTITION}" already has an underlay network`,
    ],
    [
      { prefixes: ["198.51.100.0/24"], underlay: true, nat: true },
      400,
      "private super or underlay network is not supposed to NAT",
    ],
    [
      { prefixes: ["198.51.100.0/24"], vrf: 104009 },
      409,
      "Conflict cannot acquire a unique vrf id twice except vrfShared is set to true",
    ],
    [
      { prefixes: ["198.51.100.0/24"], vrf: 524288 },
      422,
      "could not acquire vrf: value '524288' is outside of the allowed range '1 - 131072'",
    ],
  ])("%j is refused, and nothing of it stays", async (body, status, message) => {
    const before = await books();
    expect(await refusal(create(body))).toEqual([status, message]);
    expect(await books()).toEqual(before);
  });

  it("shows its prefixes in their canonical form, with their host bits, however they are written", async () => {
    const { body } = await create({
      id: "seven",
      prefixes: ["2001:DB8:077:0::7/64", "198.18.7.7/24"],
      destinationprefixes: ["2001:DB8:0::/32"],
    });
    expect(body).toMatchObject({
      prefixes: ["2001:db8:77::7/64", "198.18.7.7/24"],
      destinationprefixes: ["2001:db8::/32"],
    });
    const find = async (query: object) =>
      (await world.call<NetworkResponse[]>("view", "POST", "/v1/network/find", query)).body.map(({ id }) => id);
    expect(await find({ prefixes: ["2001:db8:77::7/64", "198.18.7.7/24"] })).toEqual(["seven"]);
    expect(await find({ destinationprefixes: ["2001:0db8::/32"] })).toEqual(["seven"]);
    expect(await find({ prefixes: ["198.18.7.0/24"] })).toEqual([]);
    // Destinations stay when they are not mentioned, also those of a family that is gone.
    const update = (more: object) =>
      world.call<NetworkResponse>("admin", "POST", "/v1/network", { id: "seven", ...more });
    expect((await update({ prefixes: ["198.18.7.7/24"] })).body).toMatchObject({
      prefixes: ["198.18.7.7/24"],
      destinationprefixes: ["2001:db8::/32"],
    });
    expect((await update({ destinationprefixes: ["2001:db8::/32"] })).status).toBe(400);
    await world.call("admin", "DELETE", "/v1/network/seven");
  });

  it("may share a VRF when it says so; the number is free only after the last one", async () => {
    await create({ id: "one", prefixes: ["198.18.0.0/24"], vrf: 500 });
    expect((await create({ id: "other", prefixes: ["198.18.1.0/24"], vrf: 500, vrfshared: true })).status).toBe(201);
    await world.call("admin", "DELETE", "/v1/network/one");
    expect((await create({ id: "one", prefixes: ["198.18.0.0/24"], vrf: 500 })).status).toBe(409);
    await world.call("admin", "DELETE", "/v1/network/other");
    expect((await create({ id: "one", prefixes: ["198.18.0.0/24"], vrf: 500 })).status).toBe(201);
    await world.call("admin", "DELETE", "/v1/network/one");
  });

  it("keeps its announcable CIDRs unless force is given, and a prefix with addresses in any case", async () => {
    const update = (body: object, query = "") =>
      refusal(world.call("admin", "POST", `/v1/network${query}`, { id: SUPER, ...body }));
    expect((await update({ additionalAnnouncableCIDRs: ["10.240.0.0/12"] }))[0]).toBe(200);
    expect(await update({ additionalAnnouncableCIDRs: [] })).toEqual([
      400,
      'you cannot remove "10.240.0.0/12" from additionalannouncablecidrs without force flag set',
    ]);
    expect((await update({ name: "still there" }))[0]).toBe(200);
    expect((await update({ additionalAnnouncableCIDRs: [] }, "?force=true"))[0]).toBe(200);
    // A second family comes in one update, together with its length.
    const second = { prefixes: ["10.0.0.0/16", "2001:db8:10::/56"] };
    expect((await update(second))[0]).toBe(400);
    expect((await update({ ...second, defaultchildprefixlength: { IPv4: 22, IPv6: 64 } }))[0]).toBe(200);
    expect((await update({ prefixes: ["10.0.0.0/16"], defaultchildprefixlength: { IPv4: 22 } }))[0]).toBe(200);

    const { body: ip } = await allocateIp(INTERNET);
    expect(
      await refusal(world.call("admin", "POST", "/v1/network", { id: INTERNET, prefixes: ["198.51.100.0/24"] })),
    ).toEqual([422, `unable to update network: prefix 203.0.113.0/24 has ip ${ip.ipaddress} in use`]);
    expect(await refusal(world.call("admin", "DELETE", `/v1/network/${INTERNET}`))).toEqual([
      422,
      `unable to delete network: prefix 203.0.113.0/24 has ip ${ip.ipaddress} in use`,
    ]);
    await world.call("edit", "DELETE", `/v1/ip/free/${ip.ipaddress}`);
    expect(await refusal(world.call("admin", "DELETE", `/v1/network/${SUPER}`))).toEqual([
      422,
      "network cannot be deleted because there are children of this network",
    ]);
  });

  it.each([
    [
      INTERNET,
      { defaultchildprefixlength: { IPv4: 26 } },
      422,
      "defaultchildprefixlength can only be set on privatesuper",
    ],
    [
      INTERNET,
      { additionalAnnouncableCIDRs: ["10.0.0.0/8"] },
      422,
      "additionalannouncablecidrs can only be set in a private super network",
    ],
    [SUPER, { additionalAnnouncableCIDRs: ["x"] }, 422, 'given cidr:"x" in additionalannouncablecidrs is malformed'],
    [
      SUPER,
      { defaultchildprefixlength: { IPv4: 22, IPv6: 64 } },
      422,
      'no addressfamily "IPv6" present for defaultchildprefixlength: 64',
    ],
    [
      SUPER,
      { defaultchildprefixlength: { IPv4: 33 } },
      400,
      "given defaultchildprefixlength 33 is longer than an address of IPv4",
    ],
    [INTERNET, { prefixes: ["1.2.3"] }, 422, "given prefix 1.2.3 is not a valid ip with mask"],
    [INTERNET, { destinationprefixes: ["x"] }, 422, "given prefix x is not a valid ip with mask"],
    [SUPER, { defaultchildprefixlength: { IPX: 24 } }, 422, "addressfamily of defaultchildprefixlength is invalid"],
    [
      INTERNET,
      { destinationprefixes: ["::/0"] },
      400,
      "addressfamily:IPv6 of destination prefixes is not present in existing prefixes",
    ],
    [
      INTERNET,
      { prefixes: ["203.0.113.0/24", "10.0.0.0/8"] },
      422,
      "unable to create prefix in ipam: 10.0.0.0/8 overlaps",
    ],
    ["nowhere", {}, 404, 'NotFound no network with id "nowhere" found'],
  ])("%s is not changed to %j", async (id, body, status, message) => {
    const before = await books();
    const answer = await refusal(world.call("admin", "POST", "/v1/network", { id, ...body }));
    expect(answer).toEqual([status, expect.stringContaining(message)]);
    expect(await books()).toEqual(before);
  });

  it("once shared is not unshared", async () => {
    const { body: child } = await allocate({ shared: true });
    expect(child).toMatchObject({ networktype: "child-shared", shared: true });
    const unshare = world.call("admin", "POST", "/v1/network", { id: child.id, shared: false });
    expect(await refusal(unshare)).toEqual([
      400,
      "once a network is marked as shared it is not possible to unshare it",
    ]);
    expect((await world.call("edit", "DELETE", `/v1/network/free/${child.id}`)).status).toBe(200);
  });

  it("stays as it is when an update says nothing", async () => {
    for (const id of [INTERNET, SUPER, UNDERLAY]) {
      const { body: before } = await world.call<NetworkResponse>("view", "GET", `/v1/network/${id}`);
      const { status, body } = await world.call<NetworkResponse>("admin", "POST", "/v1/network", { id });
      expect([status, body]).toEqual([200, { ...before, changed: body.changed }]);
    }
  });

  it("is found by however many prefixes and labels", async () => {
    const find = (query: object) => world.call("view", "POST", "/v1/network/find", query);
    const many = Array.from({ length: 70_000 }, (_, index) => String(index));
    expect(await find({ prefixes: many.map(() => "10.1.0.0/24") })).toMatchObject({
      status: 200,
      body: [{ id: UNDERLAY }],
    });
    const labels = Object.fromEntries(many.map((key) => [key, "x"]));
    expect(await find({ labels })).toMatchObject({ status: 200, body: [] });
  });

  it("is found by whole prefixes, not by the address of one and the length of another", async () => {
    await create({ id: "two", prefixes: ["198.18.0.0/24", "198.19.0.0/25"] });
    const find = (prefix: string) =>
      world.call<NetworkResponse[]>("view", "POST", "/v1/network/find", { prefixes: [prefix] });
    expect((await find("198.19.0.0/25")).body).toMatchObject([{ id: "two" }]);
    expect((await find("198.18.0.0/25")).body).toEqual([]);
    await world.call("admin", "DELETE", "/v1/network/two");
  });

  it("is not changed by a client that has seen an older version", async () => {
    const { headers } = await world.call("view", "GET", `/v1/network/${UNDERLAY}`);
    const update = () =>
      world.call("admin", "POST", "/v1/network", { id: UNDERLAY, name: "x" }, { "if-match": String(headers["etag"]) });
    expect((await update()).status).toBe(200);
    expect((await update()).status).toBe(409);
  });
});

describe("a project's private network", () => {
  it("is cut out of the super network with a VRF of its own, and leaves nothing behind when freed", async () => {
    const before = await books();
    const { status, body } = await allocate({ name: "mine", labels: { x: "y" } });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: "mine",
      partitionid: PARTITION,
      projectid: PROJECT,
      parentnetworkid: SUPER,
      networktype: "child",
      labels: { x: "y" },
      shared: false,
      prefixes: [expect.stringMatching(/^10\.0\.\d+\.0\/22$/)],
    });
    expect(body.vrf).toBeGreaterThan(0);
    expect(body.consumption.ipv4).toEqual({
      available_ips: 1024,
      used_ips: 2,
      available_prefixes: 256,
      used_prefixes: 0,
    });
    expect((await world.call("edit", "DELETE", `/v1/network/free/${body.id}`)).body).toMatchObject({
      id: body.id,
      consumption: {},
    });
    expect(await books()).toEqual(before);
    expect((await world.call("edit", "DELETE", `/v1/network/free/${body.id}`)).status).toBe(404);
  });

  it("can also be freed as old clients do, and deleted by an operator without losing its range", async () => {
    const before = await books();
    const [one, other] = [(await allocate()).body, (await allocate({ shared: true, length: { IPv4: 24 } })).body];
    expect(other.networktype).toBe("child-shared");
    expect(other.prefixes[0]).toMatch(/\/24$/);
    const freed = async (id: string, more: object = {}) => {
      const headers = { ...signed("edit", "POST", world.context.clock()), ...more };
      const payload = "content-type" in more ? { payload: "{what" } : {};
      return (await world.app.inject({ method: "POST", url: `/v1/network/free/${id}`, headers, ...payload }))
        .statusCode;
    };
    expect(await freed(one.id)).toBe(200);
    for (const type of ["*/*", "text/plain", "application/json"])
      expect(await freed((await allocate()).body.id, { "content-type": type }), type).toBe(200);
    expect((await world.call("admin", "DELETE", `/v1/network/${other.id}`)).status).toBe(200);
    expect(await books()).toEqual(before);
  });

  it("is not freed while an address of it is in use; a root network never", async () => {
    const { body } = await allocate();
    const { body: ip } = await allocateIp(body.id);
    expect((await refusal(world.call("edit", "DELETE", `/v1/network/free/${body.id}`)))[0]).toBe(422);
    expect(await refusal(world.call("edit", "DELETE", `/v1/network/free/${INTERNET}`))).toEqual([
      422,
      'error releasing child prefix in ipam: prefix:"203.0.113.0/24" is no child prefix',
    ]);
    await world.call("edit", "DELETE", `/v1/ip/free/${ip.ipaddress}`);
    expect((await world.call("edit", "DELETE", `/v1/network/free/${body.id}`)).status).toBe(200);
  });

  it.each([
    [{ projectid: "" }, 400, "projectid should not be empty"],
    [{ partitionid: "" }, 400, "partitionid should not be empty"],
    [{ partitionid: "nowhere" }, 404, 'NotFound no partition with id "nowhere" found'],
    [{ length: { IPX: 3 } }, 400, 'addressfamily of length is invalid: given addressfamily:"IPX" is invalid'],
    [{ length: { IPv4: 300 } }, 400, "length.IPv4 must be <= 255"],
    [{ length: { IPv4: -1 } }, 400, "length.IPv4 must be >= 0"],
    [{ destinationprefixes: ["x"] }, 400, "given prefix x is not a valid ip with mask"],
    [{ addressfamily: "IPv6" }, 400, "addressfamily IPv6 specified, but no childprefixlength for this addressfamily"],
    [
      { length: { IPv6: 64 } },
      422,
      `could not allocate child prefix in parent network: ${SUPER} for addressfamily: IPv6 length:64`,
    ],
    [
      { length: { IPv4: 16 } },
      422,
      "cannot allocate free child prefix in ipam: given length:16 must be greater than prefix length:16",
    ],
  ])("asked for with %j is refused, and nothing of it stays", async (body, status, message) => {
    const before = await books();
    expect(await refusal(allocate(body))).toEqual([status, message]);
    expect(await books()).toEqual(before);
  });

  describe("with many at once", () => {
    let before: unknown;
    beforeEach(async () => {
      before = await books();
    });
    it("each gets prefixes and a VRF that nobody else has", async () => {
      const answers = await Promise.all(Array.from({ length: 30 }, () => allocate({ length: { IPv4: 24 } })));
      expect(new Set(answers.map(({ body }) => body.prefixes[0])).size).toBe(30);
      expect(new Set(answers.map(({ body }) => body.vrf)).size).toBe(30);
      await Promise.all(answers.map(({ body }) => world.call("edit", "DELETE", `/v1/network/free/${body.id}`)));
      expect(await books()).toEqual(before);
    });
  });
});
