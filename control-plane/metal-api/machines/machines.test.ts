import type { MachineIPMIResponse, MachineJob, MachineResponse, MachineWhyResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { Secret } from "@metal-stack/service";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allocationRoutes } from "../allocation/routes.ts";
import { makeLogin, noteAppliedLogin } from "../bmc/logins.ts";
import { sealConsolePassword } from "../boot/console-password.ts";
import { buildFleet, type Fleet, INTERNET, PARTITION, PROJECT, SIZE, waitingMachine } from "../testing/fleet.ts";
import { refusal } from "../testing/refusal.ts";
import { createWorld, type World } from "../testing/world.ts";
import { machineBmcRoutes } from "./routes-bmc.ts";
import { machineInspectionRoutes } from "./routes-inspection.ts";
import { machineRoutes } from "./routes.ts";

let world: World;
let fleet: Fleet;
beforeAll(async () => {
  world = await createWorld([machineRoutes, machineBmcRoutes, machineInspectionRoutes, allocationRoutes], {
    env: { METAL_API_PASSWORD_REASON_MINLENGTH: "5" },
  });
  fleet = await buildFleet(world.context.db, { machines: 0, racks: 2 });
});
afterAll(() => world.close());

const get = <T = MachineResponse>(path: string, role: "view" | "edit" | "admin" = "view") =>
  world.call<T>(role, "GET", `/v1/machine/${path}`);
const post = <T = MachineResponse>(path: string, body?: unknown, role: "view" | "edit" | "admin" = "edit") =>
  world.call<T>(role, "POST", `/v1/machine${path}`, body ?? {});
const why = async (id: string) => (await get<MachineWhyResponse>(`${id}/why`)).body;
async function allocated(name: string): Promise<MachineResponse> {
  const uuid = await waitingMachine(world.context.db);
  const answer = await world.call<MachineResponse>("edit", "POST", "/v1/machine/allocate", {
    uuid,
    name,
    projectid: PROJECT,
    imageid: "debian-12.0",
    networks: [{ networkid: fleet.network.id }, { networkid: INTERNET }],
  });
  expect(answer.status).toBe(200);
  return answer.body;
}

describe("a machine", () => {
  it("is shown with all that clients rely on, whatever is known of it", async () => {
    const id = await waitingMachine(world.context.db);
    expect((await get(id)).body).toEqual({
      id,
      name: "",
      description: "",
      partition: expect.objectContaining({ id: PARTITION }) as unknown,
      rackid: "rack-1",
      size: expect.objectContaining({ id: SIZE }) as unknown,
      hardware: {
        memory: 16 * 1024 ** 3,
        cpu_cores: 8,
        cpus: [{ vendor: "GenuineIntel", model: "Intel Xeon", cores: 8, threads: 16 }],
        disks: [{ name: "/dev/sda", size: 100 * 1024 ** 3 }],
        nics: [],
      },
      bios: { version: "1.0", vendor: "AMI", date: "01/01/2026" },
      state: { value: "", description: "", metal_hammer_version: "" },
      ledstate: { value: "", description: "" },
      liveliness: "Alive",
      events: {
        log: [{ time: expect.any(String) as string, event: "Waiting", message: "" }],
        last_event_time: expect.any(String) as string,
        crash_loop: false,
        failed_machine_reclaim: false,
      },
      tags: [],
      created: expect.any(String) as string,
      changed: expect.any(String) as string,
    });
    const bare = "00000000-0000-0000-0000-00000000bare";
    await world.context.db.insertInto("machines").values({ id: bare, size_id: "unknown" }).execute();
    expect((await get(bare)).body).toMatchObject({
      id: bare,
      size: { id: "unknown", constraints: [] },
      hardware: { memory: 0, cpu_cores: 0, disks: [], nics: [] },
      liveliness: "",
      events: { log: [], crash_loop: false, failed_machine_reclaim: false },
      reasons: ["not yet proven erased", "silent for more than five minutes"],
    });
    expect(await refusal(get("nobody"))).toEqual([404, 'NotFound no machine with id "nobody" found']);
    expect((await world.call("admin", "DELETE", `/v1/machine/${bare}`)).status).toBe(200);
  });

  it("is listed in order", async () => {
    const { db } = world.context;
    for (let index = 0; index < 20; index++) await waitingMachine(db, { rack: "rack-2" });
    const all = await world.call<MachineResponse[]>("view", "GET", "/v1/machine");
    expect(all.body.length).toBeGreaterThanOrEqual(20);
    expect(all.body.map(({ id }) => id)).toEqual(all.body.map(({ id }) => id).toSorted());
  });
});

describe("the BMC of a machine", () => {
  it("shows its password to those who may use it, not to viewers", async () => {
    const { db, keyring } = world.context;
    const id = await waitingMachine(db);
    await noteAppliedLogin(db, keyring, id, "metal", new Secret("secret-of-the-bmc"));
    const [seen, used] = [
      await get<MachineIPMIResponse>(`${id}/ipmi`),
      await get<MachineIPMIResponse>(`${id}/ipmi`, "edit"),
    ];
    expect([seen.body.ipmi.user, seen.body.ipmi.password]).toEqual(["metal", ""]);
    expect(used.body.ipmi.password).toBe("secret-of-the-bmc");
    const found = await post<MachineIPMIResponse[]>("/ipmi/find", { id }, "view");
    expect(found.body.map(({ ipmi }) => ipmi.password)).toEqual([""]);
    const useful = await post<MachineIPMIResponse[]>("/ipmi/find", { id }, "edit");
    expect(useful.body.map(({ ipmi }) => ipmi.password)).toEqual(["secret-of-the-bmc"]);
    expect(JSON.stringify((await get(id, "admin")).body)).not.toContain("secret-of-the-bmc");
  });

  it("gets power commands through the outbox, and reboots are announced in the log", async () => {
    const id = await waitingMachine(world.context.db);
    for (const path of ["on", "off", "reset", "cycle", "bios", "disk", "pxe"])
      expect((await post(`/${id}/power/${path}`)).status).toBe(200);
    const lit = await post(`/${id}/power/chassis-identify-led-on?description=look%20here`);
    expect(lit.body.ledstate).toEqual({ value: "LED-ON", description: "look here" });
    expect((await post(`/${id}/power/chassis-identify-led-off`)).body.ledstate.value).toBe("LED-OFF");
    const { body: jobs } = await get<MachineJob[]>(`${id}/jobs`);
    expect(jobs.map(({ kind, phase, requestedby }) => `${kind} ${phase} by ${requestedby}`).toSorted()).toEqual(
      ["BIOS", "CYCLE", "DISK", "LED-OFF", "LED-ON", "OFF", "ON", "PXE", "RESET"].map(
        (command) => `bmc:${command} queued by metal-edit@metal-stack.io`,
      ),
    );
    const { log } = (await get(id)).body.events;
    expect(log.slice(0, 3).map(({ event, message }) => [event, message])).toEqual([
      ["Planned Reboot", "CYCLE"],
      ["Planned Reboot", "RESET"],
      ["Planned Reboot", "OFF"],
    ]);
    expect((await post("/nobody/power/on")).status).toBe(404);
    expect((await post(`/${id}/power/on`, {}, "view")).status).toBe(403);
  });

  it("reports what it knows, and is created when nobody knew it", async () => {
    const known = await waitingMachine(world.context.db);
    const fresh = "0a0b0c0d-0000-4000-8000-000000000001";
    const report = { BMCIp: "192.0.2.200", BMCVersion: "9.9", BIOSVersion: "2.0", PowerState: "OFF", FRU: null };
    const answer = await post("/ipmi", { partitionid: PARTITION, reports: { [known]: report, [fresh]: report } });
    expect(answer.body).toEqual({ updated: [known], created: [fresh] });
    expect((await get<MachineIPMIResponse>(`${fresh}/ipmi`)).body.ipmi).toMatchObject({
      address: "192.0.2.200:623",
      bmcversion: "9.9",
      powerstate: "OFF",
    });
    expect(await refusal(post("/ipmi", { reports: {} }))).toEqual([400, "partition id must not be empty"]);
    expect((await post("/ipmi", { partitionid: "nowhere" })).status).toBe(404);
    expect((await why(fresh)).doing).toBe("known only by its BMC: it never booted the discovery image");
  });
});

describe("a BMC report", () => {
  const reported = async (id: string, report: object, partitionid = PARTITION) => {
    const answer = await post<{ updated: string[]; created: string[] }>("/ipmi", {
      partitionid,
      reports: { [id]: report },
    });
    expect(answer.status).toBe(200);
    return { ...answer.body, machine: (await get<MachineIPMIResponse>(`${id}/ipmi`)).body };
  };

  it("changes what it tells, keeps what it does not, and says everything of power anew", async () => {
    const { db } = world.context;
    const fru = { chassis_part_serial: "c-1", board_mfg: "Old" };
    const before = { address: "192.0.2.9:6230", mac: "02:00:00:00:00:09", user: "metal", interface: "lanplus" };
    const id = await waitingMachine(db, { ipmi: json({ ...before, fru, bmcversion: "1", powerstate: "ON" }) });
    await post(`/${id}/power/chassis-identify-led-on?description=here`);
    const first = await reported(id, {
      BMCIp: "192.0.2.10",
      FRU: { board_mfg: "New", product_serial: "p-1" },
      BIOSVersion: "2.1",
      BMCVersion: "",
      PowerState: "OFF",
      IndicatorLEDState: "LED-OFF",
      PowerMetric: { averageconsumedwatts: 100, intervalinmin: 1, maxconsumedwatts: 200, minconsumedwatts: 50 },
      PowerSupplies: [{ status: { health: "OK", state: "Enabled" } }],
    });
    expect([first.updated, first.created]).toEqual([[id], []]);
    expect(first.machine).toMatchObject({
      bios: { version: "2.1", vendor: "AMI" },
      ledstate: { value: "LED-OFF", description: "here" },
      ipmi: {
        address: "192.0.2.10:6230",
        mac: "02:00:00:00:00:09",
        fru: { chassis_part_serial: "c-1", board_mfg: "New", product_serial: "p-1" },
        bmcversion: "1",
        powerstate: "OFF",
        powermetric: { averageconsumedwatts: 100, intervalinmin: 1, maxconsumedwatts: 200, minconsumedwatts: 50 },
        powersupplies: [{ status: { health: "OK", state: "Enabled" } }],
        last_updated: expect.stringMatching(/^20/) as string,
      },
    });
    const { machine } = await reported(id, { BMCIp: "2001:db8::7", IndicatorLEDState: "BLINKING" });
    expect(machine.ledstate.value).toBe("LED-OFF");
    expect(machine.ipmi).toMatchObject({
      address: "[2001:db8::7]:6230",
      powerstate: "OFF",
      powermetric: { maxconsumedwatts: 200 },
      powersupplies: [],
    });
  });

  it("leaves machines of other partitions alone, and gives one without partition its own", async () => {
    const { db } = world.context;
    await db
      .insertInto("partitions")
      .values({ id: "muc-1" })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const elsewhere = await waitingMachine(db);
    const other = await reported(elsewhere, { BMCIp: "192.0.2.99" }, "muc-1");
    expect([other.updated, other.created]).toEqual([[], []]);
    expect(other.machine.ipmi.address).not.toContain("192.0.2.99");
    const homeless = "0a0b0c0d-0000-4000-8000-000000000002";
    await db.insertInto("machines").values({ id: homeless }).execute();
    const found = await reported(homeless, { BMCIp: "192.0.2.98" }, "muc-1");
    expect([found.updated, found.machine.partition!.id]).toEqual([[homeless], "muc-1"]);
  });
});

describe("an operator", () => {
  it("reserves and locks a machine with a reason, and lets it go", async () => {
    const id = await waitingMachine(world.context.db);
    const set = (body: object) => post(`/${id}/state`, body);
    expect((await set({ value: "RESERVED", description: "mine" })).body.state).toMatchObject({
      value: "RESERVED",
      description: "mine",
      issuer: "metal-edit@metal-stack.io",
    });
    expect((await why(id)).doing).toBe("waiting, but reserved by metal-edit@metal-stack.io: mine");
    expect(await refusal(set({ value: "LOCKED" }))).toEqual([400, "you must supply a description"]);
    expect((await set({ value: "LOCKED", description: "broken" })).body.reasons).toEqual(["locked by an operator"]);
    expect(await refusal(world.call("edit", "DELETE", `/v1/machine/${id}/free`))).toEqual([422, "machine is locked"]);
    expect((await set({ value: "", description: "" })).body.state).toEqual({
      value: "",
      description: "",
      metal_hammer_version: "",
    });
  });

  it("changes description, tags and keys of an allocated machine only, and clears nothing by leaving it out", async () => {
    const machine = await allocated("changing");
    const update = (body: object, headers = {}) =>
      world.call<MachineResponse>("admin", "POST", "/v1/machine", { id: machine.id, ...body }, headers);
    const first = await update({ description: "new", tags: ["x=1"], ssh_pub_keys: ["ssh-ed25519 AAAA"] });
    expect(first.body.allocation).toMatchObject({ description: "new", ssh_pub_keys: ["ssh-ed25519 AAAA"] });
    expect(first.body.tags).toEqual([...machine.tags, "x=1"].toSorted());
    const second = await update({ description: "", tags: [], ssh_pub_keys: null });
    expect(second.body.tags).toEqual(first.body.tags);
    expect(second.body.allocation!.description).toBeUndefined();
    expect((await update({ description: "late" }, { "if-match": String(first.headers["etag"]) })).status).toBe(409);
    const id = await waitingMachine(world.context.db);
    expect(await refusal(update({ id }))).toEqual([400, "only allocated machines can be updated"]);
  });

  it("reads the console password of an allocated machine with a GET that has a body", async () => {
    const { id, allocation } = await allocated("console");
    const { db, keyring } = world.context;
    await db
      .updateTable("allocations")
      .set({ console_password: sealConsolePassword(keyring, allocation!.allocationuuid, "s3cret") })
      .where("machine_id", "=", id)
      .execute();
    const read = (id: string, reason: string | undefined = "debugging") =>
      world.call("edit", "GET", "/v1/machine/consolepassword", { id, reason });
    expect(await refusal(read(id, "1234"))).toEqual([400, "reason must be at least 5 characters long"]);
    expect((await refusal(read("nobody", "1234")))[0]).toBe(400);
    expect((await refusal(read("nobody")))[0]).toBe(404);
    expect((await read(id)).body).toEqual({ id, name: "", description: "", console_password: "s3cret" });
    const idle = await waitingMachine(world.context.db);
    expect(await refusal(read(idle))).toEqual([422, "machine is not allocated, no consolepassword present"]);
    expect(JSON.stringify((await get(id, "admin")).body)).not.toContain("s3cret");
  });

  it("deletes only what nobody has and nobody hears", async () => {
    const machine = await allocated("stays");
    const remove = (id: string) => world.call<MachineResponse>("admin", "DELETE", `/v1/machine/${id}`);
    expect(await refusal(remove(machine.id))).toEqual([422, "cannot delete machine that is allocated"]);
    const id = await waitingMachine(world.context.db);
    expect((await refusal(remove(id)))[0]).toBe(422);
    await sql`update provisioning_states set last_event_time = now() - interval '6 minutes' where machine_id = ${id}`.execute(
      world.context.db,
    );
    expect((await remove(id)).body).toMatchObject({ id, liveliness: "Dead" });
    expect((await get(id)).status).toBe(404);
    const ports = await world.context.db.selectFrom("switch_ports").selectAll().where("machine_id", "=", id).execute();
    expect(ports).toEqual([]);
  });

  it("deletes a machine, but not its BMC's password, until an admin has it forgotten", async () => {
    const { db, keyring } = world.context;
    const id = await waitingMachine(db);
    await makeLogin(db, keyring, id);
    const ipmi = () => world.call<MachineIPMIResponse>("edit", "GET", `/v1/machine/${id}/ipmi`);
    const { password } = (await ipmi()).body.ipmi;
    expect(password).toMatch(/.{8}/);
    const forget = () => world.call<{ message: string }>("admin", "DELETE", `/v1/machine/${id}/bmc/login`);
    const remove = async () => {
      await sql`update provisioning_states set last_event_time = now() - interval '6 minutes' where machine_id = ${id}`.execute(
        db,
      );
      expect((await world.call("admin", "DELETE", `/v1/machine/${id}`)).status).toBe(200);
    };
    expect(await refusal(forget())).toEqual([422, expect.stringContaining("is still there: delete it first")]);
    await remove();
    expect((await ipmi()).status).toBe(404);
    // Its metal-bmc still finds it.
    await world.call("edit", "POST", "/v1/machine/ipmi", { partitionid: PARTITION, reports: { [id]: { BMCIp: "1" } } });
    expect((await ipmi()).body.ipmi.password).toBe(password);
    await remove();
    expect((await forget()).body).toEqual({ id, forgotten: 1 });
    expect((await forget()).status).toBe(404);
  });
});
