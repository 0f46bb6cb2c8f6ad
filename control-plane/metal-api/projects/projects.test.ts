// Quotas hold and projects are not deleted under their machines, whoever is at it at the same time.
import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterEach, describe, expect, it } from "vitest";
import { allocationRoutes } from "../allocation/routes.ts";
import { ipRoutes } from "../ips/routes.ts";
import { machineRoutes } from "../machines/routes.ts";
import { networkRoutes } from "../networks/routes.ts";
import { buildFleet, type Fleet, INTERNET, PARTITION, PROJECT, SIZE } from "../testing/fleet.ts";
import { type FakeMasterdata, fakeMasterdata } from "../testing/masterdata.ts";
import { refusal } from "../testing/refusal.ts";
import { books } from "../testing/tenant.ts";
import { createWorld, type World } from "../testing/world.ts";
import { projectRoutes } from "./routes.ts";

// Much is done here, and the machine may be busy.
const PATIENCE = { timeout: 90_000 };

let world: World;
let fleet: Fleet;
let masterdata: FakeMasterdata;
afterEach(() => world.close());

/** A project of the tenant "acme", and machines for it. */
async function given(machines: number, quotas: object = {}, tenantQuotas: object = {}): Promise<void> {
  masterdata = fakeMasterdata();
  masterdata.setTenant("acme", tenantQuotas);
  masterdata.setProject(PROJECT, "acme", quotas);
  world = await createWorld([allocationRoutes, machineRoutes, ipRoutes, networkRoutes, projectRoutes], { masterdata });
  fleet = await buildFleet(world.context.db, { machines });
}

const allocateMachine = (projectid = PROJECT, networkid = INTERNET) =>
  world.call("edit", "POST", "/v1/machine/allocate", {
    name: "web",
    projectid,
    partitionid: PARTITION,
    sizeid: SIZE,
    imageid: "debian-12.0",
    networks: [{ networkid: fleet.network.id }, { networkid }],
  });
const allocateIp = (projectid = PROJECT) =>
  world.call("edit", "POST", "/v1/ip/allocate", { networkid: INTERNET, projectid });
const allocateNetwork = (projectid = PROJECT) =>
  world.call("edit", "POST", "/v1/network/allocate", { name: "private", projectid, partitionid: PARTITION });
const deleteProject = (id: string) => world.call("admin", "DELETE", `/v1/project/${id}`);
const setQuotas = (quotas: object) =>
  world.call("admin", "POST", "/v1/project", { meta: { id: PROJECT }, tenant_id: "acme", quotas });
const many = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));
const succeeded = (answers: readonly { status: number }[]) =>
  answers.filter(({ status }) => status === 200 || status === 201).length;

describe("a project's quota", PATIENCE, () => {
  it("of 10 machines gives 50 who want one at the same time exactly 10", async () => {
    await given(50, { machine: 10 });
    const answers = await many(50, () => allocateMachine());
    expect(succeeded(answers)).toBe(10);
    for (const answer of answers.filter(({ status }) => status !== 200))
      expect(answer).toMatchObject({ status: 422, body: { message: "project quota for machines reached max:10" } });
    expect(await books(world.context.db)).toMatchObject({ allocations: 10, ips: 20, used: 10, asns: 10 });
  });

  it("of addresses counts those of machines too, and frees count again", async () => {
    await given(4, { ip: 5 });
    expect(succeeded(await many(4, () => allocateMachine()))).toBe(2);
    const ips = await many(10, () => allocateIp());
    expect(succeeded(ips)).toBe(1);
    expect(await refusal(allocateIp())).toEqual([422, "project quota for ips reached max:5"]);
    const { ipaddress } = ips.find(({ status }) => status === 201)!.body as unknown as { ipaddress: string };
    expect((await world.call("edit", "DELETE", `/v1/ip/free/${ipaddress}`)).status).toBe(200);
    expect((await allocateIp()).status).toBe(201);
  });

  it("unset is unlimited, zero is none", async () => {
    await given(3, { ip: 0, cluster: 0 });
    expect(await refusal(allocateIp())).toEqual([422, "project quota for ips reached max:0"]);
    masterdata.setProject(PROJECT, "acme");
    expect(succeeded(await many(3, () => allocateMachine()))).toBe(3);
    expect(succeeded(await many(5, () => allocateIp()))).toBe(5);
  });

  it("that was lowered stands in nobody's way who takes something else", async () => {
    await given(3);
    await many(2, () => allocateMachine());
    expect((await setQuotas({ machine: { quota: 1 } })).status).toBe(200);
    expect((await allocateIp()).status).toBe(201);
    expect(await refusal(allocateMachine())).toEqual([422, "project quota for machines reached max:1"]);
  });

  it("counts from the moment its change is answered, also for those who were under way", async () => {
    await given(30, { machine: 20 });
    const machines = async () =>
      (await sql<{ count: number }>`select count(*) as count from allocations`.execute(world.context.db)).rows[0]!
        .count;
    const wanting = many(30, () => allocateMachine());
    while ((await machines()) < 2) await sleep(1);
    expect((await setQuotas({ machine: { quota: 3 } })).status).toBe(200);
    const then = await machines();
    await wanting;
    expect(await machines()).toBe(Math.max(then, 3));
  });
});

describe("a tenant's quota", PATIENCE, () => {
  it("holds for all its projects together", async () => {
    await given(12, {}, { machine: 4, ip: 9 });
    masterdata.setProject("second", "acme", { machine: 1 });
    masterdata.setProject("other", "somebody");
    masterdata.setTenant("somebody");
    const answers = await many(12, (index) => allocateIp(["second", PROJECT][index % 2]));
    expect(succeeded(answers)).toBe(9);
    expect(await refusal(allocateIp("second"))).toEqual([422, "tenant quota for ips reached max:9"]);
    expect((await allocateIp("other")).status).toBe(201);
    masterdata.setTenant("acme", { machine: 4 });
    expect(succeeded(await many(12, () => allocateMachine()))).toBe(4);
    expect(await refusal(allocateMachine())).toEqual([422, "tenant quota for machines reached max:4"]);
  });
});

describe("a project that owns something", PATIENCE, () => {
  it("is not deleted, and the answer says what is in the way", async () => {
    await given(1);
    const { body: machine } = await allocateMachine();
    await many(3, () => allocateIp());
    const [status, message] = await refusal(deleteProject(PROJECT));
    expect(status).toBe(400);
    expect(message).toBe(
      `there are still machines allocated by this project: 1 machine (web ${(machine as unknown as { id: string }).id}), ` +
        `1 network (${fleet.network.name} ${fleet.network.id}), 5 ips (10.0.0.1, 203.0.113.1, 203.0.113.2, …)`,
    );
    expect((await world.call("view", "GET", `/v1/project/${PROJECT}`)).body).toMatchObject({
      quotas: { machine: { used: 1 }, ip: { used: 5 } },
    });
  });

  it.each([
    ["an address", allocateIp],
    ["a network", allocateNetwork],
    ["a machine", (id: string) => allocateMachine(id)],
  ])("is either deleted or gets %s, when both are wanted at the same time", async (_, take) => {
    await given(6);
    const projects = Array.from({ length: 6 }, (_, index) => `project-${index}`);
    for (const id of projects) masterdata.setProject(id, "acme");
    // A slow masterdata makes what happens in between long.
    masterdata.pause = sleep(20);
    const outcomes = await Promise.all(
      projects.map(async (id, index) => {
        const taking = index % 2 === 0 ? take(id) : sleep(index).then(() => take(id));
        const [taken, deleted] = await Promise.all([taking, deleteProject(id)]);
        return { id, taken: taken.status, deleted: deleted.status };
      }),
    );
    for (const { id, taken, deleted } of outcomes) {
      if (deleted === 200) {
        // Whoever saw the project in time may have been refused for another reason, never served.
        expect([404, 422], `${id}: ${taken}`).toContain(taken);
        expect(await refusal(world.call("view", "GET", `/v1/project/${id}`))).toEqual([404, expect.anything()]);
      } else expect(deleted).toBe(400);
    }
    const { rows } = await sql<{ project_id: string }>`
      select project_id from ips union select project_id from networks where project_id is not null
      union select project_id from allocations`.execute(world.context.db);
    const gone = new Set(outcomes.filter(({ deleted }) => deleted === 200).map(({ id }) => id));
    expect(rows.filter(({ project_id }) => gone.has(project_id))).toEqual([]);
  });

  it("does not get anything from one who asked for it before it was deleted", async () => {
    await given(1);
    masterdata.setProject("late", "acme");
    // The request has read the project and not yet begun its transaction when the deletion comes and goes.
    const asked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const project = masterdata.project.bind(masterdata);
    let calls = 0;
    Object.assign(masterdata, {
      project: async (id: string) => {
        const answer = await project(id);
        if (calls++ === 0) {
          asked.resolve();
          await goOn.promise;
        }
        return answer;
      },
    });
    const taking = allocateIp("late");
    await asked.promise;
    expect((await deleteProject("late")).status).toBe(200);
    goOn.resolve();
    expect((await refusal(taking))[0]).toBe(404);
  });
});

describe("without masterdata", PATIENCE, () => {
  it("nothing is taken, and the answer says why", async () => {
    await given(1);
    const before = await books(world.context.db);
    const silent = fakeMasterdata(50);
    silent.pause = new Promise(() => undefined);
    Object.assign(masterdata, { project: silent.project });
    for (const take of [allocateMachine, allocateIp, allocateNetwork]) {
      const [status, message] = await refusal(take());
      expect(status).toBe(500);
      expect(message).toContain("masterdata-api does not answer");
      expect(message).toContain("nothing was changed, try again later");
    }
    expect(await books(world.context.db)).toEqual(before);
  });
});
