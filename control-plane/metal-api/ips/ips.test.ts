import type { IPResponse } from "@metal-stack/api-schema";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transact } from "../database/transaction.ts";
import { buildFleet, type Fleet, INTERNET, PROJECT, SUPER } from "../testing/fleet.ts";
import { refusal } from "../testing/refusal.ts";
import { createWorld, type World } from "../testing/world.ts";
import { detachIps } from "./commands.ts";
import { checkUpdate, scopeOf } from "./rules.ts";
import { ipRoutes } from "./routes.ts";

let world: World;
let fleet: Fleet;
beforeAll(async () => {
  world = await createWorld([ipRoutes]);
  fleet = await buildFleet(world.context.db, { machines: 1, internet: ["203.0.113.0/29", "2001:db8:a::/64"] });
});
afterAll(() => world.close());

const allocate = (body: object, specific = "") =>
  world.call<IPResponse>("edit", "POST", `/v1/ip/allocate${specific}`, {
    networkid: INTERNET,
    projectid: PROJECT,
    ...body,
  });
const free = (ip: string) => world.call<IPResponse>("edit", "DELETE", `/v1/ip/free/${ip}`);

describe("an address", () => {
  it("is allocated, read, found, changed and freed", async () => {
    const created = await allocate({ name: "web", tags: ["b", "a", "b"] });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      ipaddress: "203.0.113.1",
      allocationuuid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      name: "web",
      description: "",
      projectid: PROJECT,
      networkid: INTERNET,
      type: "ephemeral",
      tags: ["a", "b"],
      created: expect.stringMatching(/Z$/) as string,
      changed: expect.stringMatching(/Z$/) as string,
    });
    expect((await world.call("view", "GET", "/v1/ip/203.0.113.1")).body).toEqual(created.body);
    const find = (query: object) => world.call<IPResponse[]>("view", "POST", "/v1/ip/find", query);
    for (const query of [
      { ipaddress: "203.0.113.1" },
      { networkprefix: "203.0.113.0/29" },
      { tags: ["a"], projectid: PROJECT, addressfamily: "IPv4" },
    ])
      expect((await find(query)).body).toEqual([created.body]);
    for (const query of [{ ipaddress: "x" }, { tags: ["a", "c"] }, { addressfamily: "IPv6" }, { machineid: "m" }])
      expect((await find(query)).body).toEqual([]);
    expect((await find({ addressfamily: "IPX" })).status).toBe(422);

    const touched = await world.call<IPResponse>("edit", "POST", "/v1/ip", { ipaddress: "203.0.113.1" });
    expect([touched.status, touched.body]).toEqual([200, { ...created.body, changed: touched.body.changed }]);
    const updated = await world.call<IPResponse>("edit", "POST", "/v1/ip", {
      ipaddress: "203.0.113.1",
      type: "static",
      tags: null,
    });
    expect(updated.body).toMatchObject({ type: "static", tags: ["a", "b"], name: "web" });
    expect(
      await refusal(world.call("edit", "POST", "/v1/ip", { ipaddress: "203.0.113.1", type: "ephemeral" })),
    ).toEqual([400, "cannot change type of ip address from static to ephemeral"]);
    expect((await free("203.0.113.1")).body).toEqual(updated.body);
    expect(await refusal(free("203.0.113.1"))).toEqual([404, 'NotFound no ip with id "203.0.113.1" found']);
    expect(await refusal(free("nonsense"))).toEqual([404, 'NotFound no ip with id "nonsense" found']);
  });

  it("can be of either family, and wanted by name", async () => {
    const v6 = await allocate({ addressfamily: "ipv6" });
    expect(v6.body.ipaddress).toBe("2001:db8:a::1");
    expect((await allocate({}, "/2001:DB8:A:0::2")).body.ipaddress).toBe("2001:db8:a::2");
    expect(await refusal(allocate({}, "/2001:db8:a::2"))).toEqual([409, "Conflict ip already allocated"]);
    expect(await refusal(allocate({}, "/10.99.0.1"))).toEqual([
      422,
      "specific ip not contained in any of the defined prefixes",
    ]);
    expect(await refusal(allocate({}, "/ten"))).toEqual([422, "unable to parse specific ip: ten"]);
    expect(await refusal(allocate({ addressfamily: "IPv6" }, "/2001:db8:a::3"))).toEqual([
      400,
      "it is not possible to specify specificIP and addressfamily",
    ]);
    expect(await refusal(allocate({ addressfamily: "IPX" }))).toEqual([422, 'given addressfamily:"IPX" is invalid']);
    expect(await refusal(allocate({ networkid: fleet.network.id, addressfamily: "IPv6" }))).toEqual([
      400,
      `there is no prefix for the given addressfamily:IPv6 present in network:${fleet.network.id}`,
    ]);
    for (const ip of ["2001:db8:a::1", "2001:DB8:A::2"]) expect((await free(ip)).status).toBe(200);
  });

  it("is refused without a network, of a foreign network, of one with children, and when none is left", async () => {
    expect(await refusal(allocate({ networkid: null }))).toEqual([400, "networkid should not be empty"]);
    expect(await refusal(allocate({ projectid: "" }))).toEqual([400, "projectid should not be empty"]);
    expect(await refusal(allocate({ networkid: "x" }))).toEqual([404, 'NotFound no network with id "x" found']);
    expect(await refusal(allocate({ networkid: fleet.network.id, projectid: "other" }))).toEqual([
      422,
      `can not allocate ip for project "other" because network belongs to "${PROJECT}" and the network is not shared`,
    ]);
    expect((await refusal(allocate({ networkid: SUPER })))[0]).toBe(422);
    for (const reserved of ["/203.0.113.0", "/203.0.113.7", "/2001:db8:a::"])
      expect(await refusal(allocate({}, reserved)), reserved).toEqual([409, "Conflict ip already allocated"]);

    const answers = await Promise.all(Array.from({ length: 10 }, () => allocate({ addressfamily: "IPv4" })));
    const given = answers.filter(({ status }) => status === 201).map(({ body }) => body.ipaddress);
    expect(new Set(given).size).toBe(6);
    expect(await refusal(allocate({}))).toEqual([500, "Internal cannot allocate free ip in ipam, no ips left"]);
    await Promise.all(given.map(free));
    const { rows } = await sql`select from ipam.addresses`.execute(world.context.db);
    expect(rows.length).toBe(0);
  });

  it("belongs to nobody, a project or a machine, and is not moved from nobody to a machine", () => {
    const tags = ["machine.metal-stack.io/id=m"];
    const change = (project_id: string, before: string[], after: string[]) => () =>
      checkUpdate({ type: "static", project_id, tags: before }, { type: "static", tags: after });
    expect(change("p", [], tags)).not.toThrow();
    expect(change("p", tags, [])).not.toThrow();
    expect(change("p", tags, [...tags, "a=b"])).not.toThrow();
    expect([
      scopeOf({ project_id: "", tags }),
      scopeOf({ project_id: "p", tags }),
      scopeOf({ project_id: "p", tags: [] }),
    ]).toEqual(["", "machine", "project"]);
  });

  it("takes whatever type it does not know as ephemeral", async () => {
    const { body } = await allocate({ type: "eternal" });
    expect(body.type).toBe("ephemeral");
    await free(body.ipaddress);
  });

  it("of a machine is not freed, and goes with the machine when it is ephemeral", async () => {
    const machineid = fleet.machines[0]!;
    const mine = { networkid: fleet.network.id, machineid };
    const ephemeral = (await allocate(mine)).body.ipaddress;
    const stays = (await allocate({ ...mine, type: "static" })).body.ipaddress;
    const shared = (await allocate({ ...mine, tags: ["machine.metal-stack.io/id=other"] })).body.ipaddress;
    expect(await refusal(free(ephemeral))).toEqual([400, "ip with machine scope can not be deleted"]);
    const found = await world.call<IPResponse[]>("view", "POST", "/v1/ip/find", { machineid });
    expect(found.body.map((ip) => ip.ipaddress)).toEqual([ephemeral, stays, shared]);
    await transact(world.context.db, (tx) => detachIps(tx, machineid));
    expect((await world.call("view", "GET", `/v1/ip/${ephemeral}`)).status).toBe(404);
    expect((await world.call<IPResponse>("view", "GET", `/v1/ip/${stays}`)).body.tags).toEqual([]);
    expect((await world.call<IPResponse>("view", "GET", `/v1/ip/${shared}`)).body.tags).toEqual([
      "machine.metal-stack.io/id=other",
    ]);
  });
});
