// A tenant's machine gets another operating system and keeps everything else.
import type { MachineResponse } from "@metal-stack/api-schema";
import { create } from "@bufbuild/protobuf";
import { BootInfoSchema } from "@metal-stack/protocol";
import { json } from "@metal-stack/database";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { commandDone } from "../bmc/commands.ts";
import { decideInstruction } from "../boot/rules.ts";
import { abortReinstall, disksTouched, reportInstallation } from "../boot/report.ts";
import { factsOf, installationOf } from "../boot/store.ts";
import { eventsOf, recordEvent } from "../provisioning/store.ts";
import { setVrfOfMachine } from "../switches/store.ts";
import { FIREWALL_IMAGE, IMAGE, PARTITION, SIZE } from "../testing/fleet.ts";
import { books, createTenant, type Tenant } from "../testing/tenant.ts";
import { signed } from "../testing/world.ts";
import { createRestServer } from "../rest/server.ts";
import { reinstallRoutes } from "./routes.ts";
import { advanceReinstalls } from "./worker.ts";
import type { App } from "../rest/app.ts";

const NEW = "debian-13.0.20261101";
const MINUTE_MS = 60_000;
const BOOT_INFO = {
  primary_disk: "/dev/sda",
  os_partition: "/dev/sda2",
  initrd: "/initrd",
  cmdline: "",
  kernel: "/vmlinuz",
  bootloaderid: "metal",
};

let tenant: Tenant;
let app: App;
let machine: string;
let now = new Date();

beforeAll(async () => {
  tenant = await createTenant({ machines: 12 }, { clock: () => now });
  app = createRestServer(tenant.world.context, [reinstallRoutes]);
  const image = { url: "http://images/13.tar.zst", os: "debian", version_text: "13.0.20261101" };
  await db()
    .insertInto("images")
    .values({ ...image, id: NEW, features: ["machine"], expiration_date: new Date("2099-01-01T00:00:00Z") })
    .execute();
});
afterAll(async () => {
  await app.close();
  await tenant.world.close();
});
beforeEach(async () => {
  now = new Date();
  const { status, body } = await tenant.allocate();
  expect([status, body.id]).toEqual([200, expect.any(String)]);
  machine = body.id;
  await db()
    .updateTable("allocations")
    .set({ installed: now, succeeded: true, boot_info: json({ image_id: IMAGE, ...BOOT_INFO }) })
    .where("machine_id", "=", machine)
    .execute();
  await transact((tx) => setVrfOfMachine(tx, machine, "vrf42"));
  await event("Phoned Home");
});

const db = () => tenant.world.context.db;
const transact = <T>(work: Parameters<ReturnType<ReturnType<typeof db>["transaction"]>["execute"]>[0]) =>
  db().transaction().execute(work) as Promise<T>;
const event = (name: "Phoned Home" | "PXE Booting" | "Preparing" | "Installing") =>
  transact((tx) => recordEvent(tx, machine, name, "", now));

async function reinstall(body: object = { imageid: NEW }, id = machine, role: "edit" | "view" = "edit") {
  const answer = await app.inject({
    method: "POST",
    url: `/v1/machine/${id}/reinstall`,
    headers: { ...signed(role, "POST", now), "content-type": "application/json" },
    payload: JSON.stringify(body),
  });
  const parsed = JSON.parse(answer.body) as unknown;
  const content = (typeof parsed === "string" ? JSON.parse(parsed) : parsed) as MachineResponse & { message: string };
  return { status: answer.statusCode, body: content };
}

const allocation = () =>
  db().selectFrom("allocations").selectAll().where("machine_id", "=", machine).executeTakeFirstOrThrow();
const vrfs = async () =>
  (await db().selectFrom("switch_ports").select("vrf").where("machine_id", "=", machine).execute()).map((p) => p.vrf);
const commands = () =>
  db().selectFrom("bmc_commands").selectAll().where("machine_id", "=", machine).orderBy("sequence").execute();
const done = async (error = "") => {
  for (const { id } of await commands()) await transact((tx) => commandDone(tx, PARTITION, id, error));
};
const report = (imageId: string) =>
  transact((tx) =>
    reportInstallation(
      tx,
      tenant.world.context.keyring,
      {
        uuid: machine,
        consolePassword: "new",
        success: true,
        message: "",
        bootInfo: create(BootInfoSchema, { imageId }),
      } as never,
      now,
    ),
  );

describe("a machine that is reinstalled", () => {
  it("keeps allocation and addresses, leaves the tenant's network, boots discovery and is told to install", async () => {
    const [before, kept] = [await allocation(), await books(db())];
    const { status, body } = await reinstall();
    expect(status).toBe(200);
    expect(body.allocation).toMatchObject({ reinstall: true, image: { id: NEW }, allocationuuid: before.uuid });
    const after = await allocation();
    expect(after).toEqual({ ...before, reinstall: true, image_id: NEW });
    expect(await books(db())).toEqual(kept);
    expect(await vrfs()).toEqual(["", ""]);
    expect((await commands()).map(({ command }) => command)).toEqual(["REINSTALL"]);
    expect((await eventsOf(db(), [machine])).get(machine)!.events[0]).toMatchObject({
      event: "Planned Reboot",
      message: `reinstall with ${NEW}`,
    });
    expect(decideInstruction((await factsOf(db(), machine))!.facts, false)).toEqual({ kind: "install" });
    expect(await installationOf(db(), machine)).toMatchObject({ reinstall: true, image: { id: NEW } });
  });

  it("is back in its network when the hammer reports", async () => {
    await reinstall();
    await report(NEW);
    expect(await allocation()).toMatchObject({ reinstall: false, succeeded: false, boot_info: { image_id: NEW } });
    expect((await vrfs())[0]).toMatch(/^vrf\d+$/);
    expect(decideInstruction((await factsOf(db(), machine))!.facts, false)).toMatchObject({ kind: "reboot" });
  });

  it("is not done with an image that was wanted before", async () => {
    await reinstall();
    await expect(report(IMAGE)).rejects.toThrow(`is to be installed with ${NEW} by now`);
    expect(await allocation()).toMatchObject({ reinstall: true, image_id: NEW });
  });

  it("keeps its system when the hammer gives up before it touched a disk", async () => {
    await reinstall();
    const abort = (wiped: boolean) => transact((tx) => abortReinstall(tx, machine, wiped, now));
    expect(await abort(true)).toBeUndefined();
    expect((await allocation()).reinstall).toBe(true);
    expect(await abort(false)).toMatchObject({ kernel: "/vmlinuz" });
    expect(await allocation()).toMatchObject({ reinstall: false, image_id: IMAGE });
    expect((await vrfs())[0]).toMatch(/^vrf\d+$/);
    // Once more, as after a lost answer.
    const before = await commands();
    expect(await abort(false)).toMatchObject({ kernel: "/vmlinuz" });
    expect(await commands()).toHaveLength(before.length);
  });

  it("has no system to keep once a disk was touched, whatever a later boot says, until it is installed", async () => {
    const { uuid } = await allocation();
    const touch = (uuid: string) => transact((tx) => disksTouched(tx, machine, uuid));
    await reinstall();
    await expect(touch("another")).rejects.toThrow(`is to be installed for allocation ${uuid} by now`);
    expect(await installationOf(db(), machine)).toMatchObject({ old_system_lost: false });
    await touch(uuid);
    // Its power went; the next boot finds no image, and takes the disk for whole.
    expect(await transact((tx) => abortReinstall(tx, machine, false, now))).toBeUndefined();
    await reinstall({ imageid: IMAGE });
    expect(await installationOf(db(), machine)).toMatchObject({ reinstall: true, old_system_lost: true });
    await report(IMAGE);
    await reinstall();
    expect(await transact((tx) => abortReinstall(tx, machine, false, now))).toMatchObject({ image_id: IMAGE });
  });

  it("is power-cycled once, however often one asks; another image starts over", async () => {
    await Promise.all([reinstall(), reinstall(), reinstall()]);
    expect(await commands()).toHaveLength(1);
    await done();
    await event("PXE Booting");
    await reinstall();
    expect(await commands()).toHaveLength(1);
    await reinstall({ imageid: IMAGE });
    expect(await commands()).toHaveLength(2);
  });

  it("that does not boot is power-cycled again after ten minutes, until it comes or is given back", async () => {
    await reinstall();
    const later = (minutes: number) => (now = new Date(Date.now() + minutes * MINUTE_MS));
    later(30);
    // Its BMC has not had its turn yet.
    expect(await advanceReinstalls(tenant.world.context)).toEqual([]);
    await done("no such BMC");
    later(9);
    expect(await advanceReinstalls(tenant.world.context)).toEqual([]);
    later(11);
    expect(await advanceReinstalls(tenant.world.context)).toEqual([machine]);
    expect(await advanceReinstalls(tenant.world.context)).toEqual([]);
    await done();
    await event("PXE Booting");
    await event("Preparing");
    later(60);
    expect(await advanceReinstalls(tenant.world.context)).toEqual([]);
  });

  it("that asked to boot and had no answer runs its old system: it is power-cycled again, by itself or by who asks", async () => {
    await reinstall();
    await done();
    // metal-api died in between. The system that it still has phones home, but that may be late.
    await event("PXE Booting");
    const { length } = await commands();
    await reinstall();
    expect(await commands()).toHaveLength(length);
    now = new Date(Date.now() + 11 * MINUTE_MS);
    await event("Phoned Home");
    expect(await advanceReinstalls(tenant.world.context)).toEqual([machine]);
    expect(await advanceReinstalls(tenant.world.context)).toEqual([]);
    expect(await commands()).toHaveLength(length + 1);
  });
});

describe("a reinstallation is refused", () => {
  const unfit = "machine either locked, not allocated yet or invalid image ID specified";

  it("without a machine, an image, a right", async () => {
    expect(await reinstall({ imageid: NEW }, "nobody")).toMatchObject({ status: 404 });
    expect(await reinstall({})).toMatchObject({ status: 400, body: { message: unfit } });
    expect(await reinstall({ imageid: "debian-12" })).toMatchObject({ status: 404 });
    expect((await reinstall({ imageid: NEW }, machine, "view")).status).toBe(403);
  });

  it("with an image that is not for machines, or not for this size", async () => {
    expect(await reinstall({ imageid: FIREWALL_IMAGE })).toMatchObject({
      status: 400,
      body: { message: "given image is not usable for a machine, features: firewall" },
    });
    const constraint = { id: SIZE, images: json({ debian: "< 13" }) };
    await db().insertInto("size_image_constraints").values(constraint).execute();
    expect(await reinstall({ imageid: NEW })).toMatchObject({
      status: 422,
      body: { message: `given size:${SIZE} with image:${NEW} does violate image constraint:debian < 13` },
    });
    await db().deleteFrom("size_image_constraints").where("id", "=", SIZE).execute();
    expect(await commands()).toEqual([]);
  });

  it("of a machine that is free, or locked", async () => {
    await db().updateTable("machines").set({ state_value: "LOCKED" }).where("id", "=", machine).execute();
    expect(await reinstall()).toMatchObject({ status: 400, body: { message: unfit } });
    await db().updateTable("machines").set({ state_value: "" }).where("id", "=", machine).execute();
    await tenant.free(machine);
    expect(await reinstall()).toMatchObject({ status: 400, body: { message: unfit } });
  });

  it("of a layout that wipes no disk", async () => {
    const { filesystem_layout: layout } = await allocation();
    const disks = layout.disks.map((disk) => ({ ...disk, wipeonreinstall: false }));
    await db()
      .updateTable("allocations")
      .set({ filesystem_layout: json({ ...layout, disks }) })
      .where("machine_id", "=", machine)
      .execute();
    expect(await reinstall()).toMatchObject({
      status: 422,
      body: { message: "filesystemlayout:default is not reinstallable, abort reinstallation" },
    });
    expect((await allocation()).reinstall).toBe(false);
  });
});
