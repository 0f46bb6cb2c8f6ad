// Ann is editor of a project, Vic its viewer; Bob is editor of another one. Neither ever sees or changes the other's.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IPResponse, MachineResponse, NetworkResponse, SizeReservationResponse } from "@metal-stack/api-schema";
import * as fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { restModules } from "../rest/modules.ts";
import { apiDocumentOf } from "../rest/print.ts";
import {
  buildFleet,
  FIREWALL_IMAGE,
  type Fleet,
  IMAGE,
  INTERNET,
  PARTITION,
  PROJECT,
  SIZE,
  SUPER,
  UNDERLAY,
  waitingMachine,
} from "../testing/fleet.ts";
import { type Document, type FuzzRequest, fuzzRequests } from "../testing/fuzz-requests.ts";
import { type IdentityProvider, startIdentityProvider } from "../testing/identity.ts";
import { type FakeMasterdata, fakeMasterdata } from "../testing/masterdata.ts";
import { createWorld, type World } from "../testing/world.ts";
import { rolesOf } from "./rules-roles.ts";
import { SCOPES, textsAt } from "./rules-scopes.ts";

const GENEROUS_MS = 120_000;
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
/** Requests of one member to each operation. */
const REQUESTS = 6;
const OURS = PROJECT;
const THEIRS = "00000000-0000-0000-0000-000000000002";

type Name = "ann" | "vic" | "bob" | "tia" | "root" | "nobody";

let directory: string;
let provider: IdentityProvider;
let masterdata: FakeMasterdata;
let world: World;
let fleet: Fleet;
let document: Document;
const tokens = new Map<Name, string>();

beforeAll(async () => {
  [provider, directory] = await Promise.all([startIdentityProvider(), mkdtemp(join(tmpdir(), "members-"))]);
  const issuer = {
    issuer: provider.issuer,
    clientId: "metal-api",
    members: { claim: "email" },
    roles: { all: "edit" },
  };
  await writeFile(join(directory, "issuers.json"), JSON.stringify([issuer]));
  masterdata = fakeMasterdata();
  masterdata.setTenant("acme");
  masterdata.setTenant("globex");
  masterdata.setProject(OURS, "acme");
  masterdata.setProject(THEIRS, "globex");
  masterdata.setMember("ann", { project: OURS }, "EDITOR");
  masterdata.setMember("vic", { project: OURS }, "VIEWER");
  masterdata.setMember("bob", { project: THEIRS }, "EDITOR");
  masterdata.setMember("tia", { tenant: "globex" }, "OWNER");
  const env = { METAL_API_OIDC_ISSUERS_FILE: join(directory, "issuers.json") };
  world = await createWorld(restModules, { masterdata, env });
  fleet = await buildFleet(world.context.db, { machines: 4, racks: 2 });
  document = (await apiDocumentOf("/")) as Document;
  for (const name of ["ann", "vic", "bob", "tia", "nobody"] as const)
    tokens.set(name, await provider.token("metal-api", { email: name, groups: ["all", "k8s_kaas-edit"] }));
  tokens.set("root", await provider.token("metal-api", { email: "ann", groups: ["k8s_kaas-admin"] }));
}, GENEROUS_MS);
afterAll(async () => {
  await Promise.all([world?.close(), provider?.stop()]);
  if (directory) await rm(directory, { recursive: true });
});

const call = <T = { message: string }>(name: Name, method: string, path: string, body?: unknown) =>
  world.call<T>("guest", method, path, body, { authorization: `Bearer ${tokens.get(name)}` });
const refusal = async (answer: Promise<{ status: number; body: { message: string } }>) => {
  const { status, body } = await answer;
  return [status, body.message];
};
const request = (projectid: string, networkid: string, more: object = {}) => ({
  name: `of-${projectid.at(-1)}`,
  projectid,
  partitionid: PARTITION,
  sizeid: SIZE,
  imageid: IMAGE,
  networks: [{ networkid }, { networkid: INTERNET }],
  ...more,
});

it("takes the strongest of a member's roles; a guest of a tenant, and who has none, is nobody", () => {
  const project = (role: string) => ({ "metal-stack.io/project-role": role });
  const tenant = (role: string) => ({ "metal-stack.io/tenant-role": role });
  const roles = rolesOf([
    {
      projectId: "a",
      projectAnnotations: project("PROJECT_ROLE_VIEWER"),
      tenantAnnotations: tenant("TENANT_ROLE_OWNER"),
    },
    { projectId: "b", projectAnnotations: project("PROJECT_ROLE_EDITOR"), tenantAnnotations: {} },
    { projectId: "c", projectAnnotations: {}, tenantAnnotations: tenant("TENANT_ROLE_GUEST") },
    { projectId: "d", projectAnnotations: project("OWNER"), tenantAnnotations: {} },
  ]);
  expect([...roles]).toEqual([
    ["a", "owner"],
    ["b", "editor"],
  ]);
});

it("finds texts in requests, however they are formed", () => {
  const asked = { body: { networks: [{ networkid: "a" }, { networkid: 1 }, null, "x"], ips: "no list" } };
  expect(textsAt(asked, "body.networks.*.networkid")).toEqual(["a"]);
  expect([textsAt(asked, "body.ips.*"), textsAt({}, "body.id"), textsAt(asked, "body.__proto__")]).toEqual([
    [],
    [],
    [],
  ]);
});

it("knows every operation, and none that is not there", () => {
  const operations = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(Object.keys(SCOPES).sort()).toEqual([...new Set(operations)].sort());
});

describe("a member", () => {
  let machine: MachineResponse;
  let ip: IPResponse;
  let network: NetworkResponse;

  it("takes machines, addresses and networks for its project, if it may change it", async () => {
    const allocated = await call<MachineResponse>(
      "ann",
      "POST",
      "/v1/machine/allocate",
      request(OURS, fleet.network.id),
    );
    expect([allocated.status, allocated.body]).toEqual([200, expect.anything()]);
    machine = allocated.body;
    const address = { projectid: OURS, networkid: INTERNET, machineid: machine.id };
    const taken = await call<IPResponse>("ann", "POST", "/v1/ip/allocate", address);
    expect(taken.status).toBe(201);
    ip = taken.body;
    const cut = { projectid: OURS, partitionid: PARTITION, name: "second" };
    const made = await call<NetworkResponse>("ann", "POST", "/v1/network/allocate", cut);
    expect(made.status).toBe(201);
    network = made.body;
    for (const [method, path, body] of [
      ["POST", "/v1/machine/allocate", request(OURS, fleet.network.id)],
      ["POST", "/v1/ip/allocate", address],
      ["POST", "/v1/network/allocate", cut],
      ["DELETE", `/v1/machine/${machine.id}/free`],
      ["GET", "/v1/machine/consolepassword", { id: machine.id }],
      ["POST", `/v1/machine/${machine.id}/power/off`, {}],
    ] as const) {
      expect((await call("vic", method, path, body)).body.message).toContain("you are viewer of project");
      expect((await call("nobody", method, path, body)).body.message).toBe('"nobody" is not a member of any project');
    }
  });

  it("sees what is its project's, and what is for everybody", async () => {
    for (const name of ["ann", "vic"] as const) {
      const { body: machines } = await call<MachineResponse[]>(name, "GET", "/v1/machine");
      expect(machines.map(({ id }) => id)).toEqual([machine.id]);
      const { body: networks } = await call<NetworkResponse[]>(name, "POST", "/v1/network/find", {});
      const expected = [INTERNET, SUPER, fleet.network.id, network.id].sort();
      expect(networks.map(({ id }) => id).sort()).toEqual(expected);
      const { body: ips } = await call<IPResponse[]>(name, "GET", "/v1/ip");
      expect(ips.every(({ projectid }) => projectid === OURS)).toBe(true);
      expect((await call(name, "GET", `/v1/ip/${ip.ipaddress}`)).status).toBe(200);
      expect((await call(name, "GET", `/v1/machine/${machine.id}/why`)).status).toBe(200);
    }
    for (const path of ["/v1/image", "/v1/size", "/v1/partition", "/v1/user/me"])
      expect((await call("vic", "GET", path)).status).toBe(200);
  });

  it("is told of nobody else's, as if there was nothing", async () => {
    expect((await call<unknown[]>("bob", "GET", "/v1/machine")).body).toEqual([]);
    expect((await call<unknown[]>("tia", "POST", "/v1/ip/find", { projectid: OURS })).body).toEqual([]);
    for (const name of ["bob", "tia"] as const) {
      for (const [method, path, message] of [
        ["GET", `/v1/machine/${machine.id}`, `NotFound no machine with id "${machine.id}" found`],
        ["DELETE", `/v1/machine/${machine.id}/free`, `NotFound no machine with id "${machine.id}" found`],
        ["GET", `/v1/ip/${ip.ipaddress}`, `NotFound no ip with id "${ip.ipaddress}" found`],
        ["DELETE", `/v1/ip/free/${ip.ipaddress}`, `NotFound no ip with id "${ip.ipaddress}" found`],
        ["GET", `/v1/network/${network.id}`, `NotFound no network with id "${network.id}" found`],
        ["DELETE", `/v1/network/free/${network.id}`, `NotFound no network with id "${network.id}" found`],
      ] as const)
        expect(await refusal(call(name, method, path))).toEqual([404, message]);
      expect(await refusal(call(name, "GET", `/v1/project/${OURS}`))).toEqual([
        403,
        `you are not a member of project ${OURS}`,
      ]);
    }
    const stolen = { ipaddress: ip.ipaddress, tags: [] };
    expect((await call("bob", "POST", "/v1/ip", stolen)).status).toBe(404);
    const theirs = { projectid: THEIRS, networkid: INTERNET };
    expect((await call("bob", "POST", "/v1/ip/allocate", { ...theirs, machineid: machine.id })).status).toBe(404);
    const tags = [`machine.metal-stack.io/id=${machine.id}`];
    expect((await call("bob", "POST", "/v1/ip/allocate", { ...theirs, tags })).status).toBe(404);
    expect((await call("bob", "POST", "/v1/ip/allocate", { ...theirs, networkid: network.id })).status).toBe(404);
    expect((await call("bob", "POST", "/v1/ip/allocate", { ...theirs, networkid: UNDERLAY })).status).toBe(404);
  });

  it("does not choose machines, and is not told which others there are", async () => {
    const wanted = request(OURS, fleet.network.id);
    const chosen = await refusal(call("ann", "POST", "/v1/machine/allocate", { ...wanted, uuid: fleet.machines[1] }));
    expect(chosen).toEqual([403, "uuid is not for members of projects, only for operators"]);
    const { db } = world.context;
    await db.updateTable("machines").set({ state_value: "LOCKED" }).where("id", "!=", machine.id).execute();
    const none = await call<{ message: string; reasons?: string[] }>("ann", "POST", "/v1/machine/allocate", wanted);
    expect([none.status, none.body.reasons]).toEqual([422, undefined]);
    expect(none.body.message).toContain("no machine available: those of this size here are taken");
    const told = await world.call<{ reasons: string[] }>("edit", "POST", "/v1/machine/allocate", wanted);
    expect(told.body.reasons.length).toBeGreaterThan(0);
    await db.updateTable("machines").set({ state_value: "" }).execute();
  });

  it("is one no more as soon as masterdata says so; admins and keys are not asked", async () => {
    masterdata.setMember("ann", { project: OURS }, "GUEST");
    expect((await call("ann", "GET", "/v1/machine")).status).toBe(403);
    expect((await call("root", "GET", `/v1/machine/${machine.id}/ipmi`)).status).toBe(200);
    expect((await world.call("view", "GET", `/v1/machine/${machine.id}`)).status).toBe(200);
    masterdata.setMember("ann", { project: OURS }, "EDITOR");
    expect((await call("ann", "DELETE", `/v1/machine/${machine.id}/free`)).status).toBe(200);
    expect((await call("ann", "GET", `/v1/machine/${machine.id}`)).status).toBe(404);
  });
});

describe("whatever operation a member of another project calls", () => {
  /** Texts that nobody but their project and operators may read, and their ids. */
  let secrets: string[];
  let ids: string[];

  beforeAll(async () => {
    const { db } = world.context;
    const made = async <T>(answer: Promise<{ status: number; body: T }>) => {
      const { status, body } = await answer;
      expect([status, body]).toEqual([expect.any(Number), expect.not.objectContaining({ statuscode: status })]);
      return body;
    };
    const named = { name: "their-name", description: "their-description" };
    const child = { projectid: THEIRS, partitionid: PARTITION, ...named, labels: { their: "their-label" } };
    const network = await made(call<NetworkResponse>("bob", "POST", "/v1/network/allocate", child));
    await waitingMachine(db);
    await waitingMachine(db);
    const wanted = request(THEIRS, network.id, { ...named, tags: ["their-tag"], user_data: "their-data" });
    const machine = await made(call<MachineResponse>("bob", "POST", "/v1/machine/allocate", wanted));
    const asFirewall = { ...wanted, imageid: FIREWALL_IMAGE };
    const firewall = await made(call<MachineResponse>("bob", "POST", "/v1/firewall/allocate", asFirewall));
    const address = { projectid: THEIRS, networkid: INTERNET, type: "static", ...named };
    const ip = await made(call<IPResponse>("bob", "POST", "/v1/ip/allocate", address));
    const reservation = { ...named, sizeid: SIZE, partitionids: [PARTITION], amount: 1, projectid: THEIRS };
    const reserved = await made(
      world.call<SizeReservationResponse>("edit", "PUT", "/v1/size/reservations", { id: "theirs", ...reservation }),
    );
    const locked = await waitingMachine(db, { state_value: "LOCKED", state_description: "their-description" });
    ids = [network.id, machine.id, firewall.id, ip.ipaddress, reserved.id, locked, THEIRS];
    secrets = ["their-name", "their-description", "their-label", "their-tag", "their-data", ...ids];
  });

  /** All that is theirs, and all machines that are nobody's but locked. */
  const state = async () => {
    const { rows } = await sql`
      select (select json_agg(m order by m.id) from machines m where m.id = any(${ids}::text[])) as machines,
        (select json_agg(a order by a.uuid) from allocations a where project_id = ${THEIRS}) as allocations,
        (select json_agg(i order by i.ip) from ips i where project_id = ${THEIRS}) as ips,
        (select json_agg(n order by n.id) from networks n where project_id = ${THEIRS}) as networks,
        (select json_agg(r) from size_reservations r) as reservations,
        (select json_agg(c order by c.id) from bmc_commands c where machine_id = any(${ids}::text[])) as commands
      `.execute(world.context.db);
    return rows[0];
  };
  const send = async ({ method, path, headers, body }: FuzzRequest, credentials: Record<string, string>) =>
    (
      await world.app.inject({
        method: method as "GET",
        url: path,
        headers: { ...headers, ...credentials },
        ...(body && { payload: body }),
      })
    ).body;
  const said = (answer: string, { path, body }: FuzzRequest) => {
    const decoded = path.replaceAll(/%[0-9a-f]{2}/gi, (code) =>
      String.fromCodePoint(Number.parseInt(code.slice(1), 16)),
    );
    const sent = decoded + (body?.toString() ?? "");
    return secrets.filter((secret) => answer.includes(secret) && !sent.includes(secret));
  };

  it("is told nothing of this one, and changes nothing of it", { timeout: GENEROUS_MS }, async () => {
    const before = await state();
    for (const noun of ["machine", "firewall", "ip", "network", "size/reservations"])
      expect(JSON.stringify((await world.call("view", "GET", `/v1/${noun}`)).body), noun).toContain("their-name");
    const known = [...ids, ...ids, ...ids, OURS, IMAGE, INTERNET, PARTITION, SIZE];
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(methods)) {
        const only = { ...document, paths: { [path]: { [method]: operation } } };
        for (const one of fc.sample(fuzzRequests(only, known), { seed: SEED, numRuns: REQUESTS })) {
          const shown = `FUZZ_SEED=${SEED} ${one.operation} ${one.method} ${one.path} ${one.body?.toString().slice(0, 500)}`;
          for (const name of ["ann", "vic"] as const) {
            const answer = await send(one, { authorization: `Bearer ${tokens.get(name)}` });
            expect(said(answer, one), shown).toEqual([]);
          }
        }
        expect(await state(), `FUZZ_SEED=${SEED} ${operation.operationId}`).toEqual(before);
      }
  });
});
