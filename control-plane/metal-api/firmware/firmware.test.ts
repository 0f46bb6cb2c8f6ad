// Firmware from an operator's upload to the command for a BMC, against a real S3 server.
import { randomBytes } from "node:crypto";
import type { FirmwaresResponse, MachineResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nextCommands } from "../bmc/stream.ts";
import { commandDone } from "../bmc/commands.ts";
import { buildFleet, PARTITION } from "../testing/fleet.ts";
import { buildS3Server, startS3Server } from "../testing/s3-server.ts";
import { createWorld, signed, type World } from "../testing/world.ts";
import { firmwareRoutes } from "./routes.ts";

const BUCKET = "firmware";
const BIOS = "/v1/firmware/bios/Supermicro/x11dpt-b/3.4";
const BOUNDARY = "boundary";

const binary = await buildS3Server();

describe("without a store", () => {
  it("firmware is off, as the original says it", async () => {
    await using world = disposable(await createWorld([firmwareRoutes]));
    const off = { status: 500, body: { message: "this feature is currently disabled" } };
    expect(await world.call("admin", "GET", "/v1/firmware")).toMatchObject(off);
    expect(await world.call("admin", "DELETE", BIOS)).toMatchObject(off);
    expect(await upload(world, BIOS, Buffer.from("x"))).toMatchObject({ status: 500, text: off.body.message });
    const update = { kind: "bios", revision: "3.4", description: "" };
    expect(await world.call("admin", "POST", "/v1/machine/update-firmware/m1", update)).toMatchObject(off);
    expect((await world.call("edit", "GET", "/v1/firmware")).status).toBe(403);
  });
});

describe.skipIf(binary === undefined)("firmware", () => {
  let world: World;
  let s3: Awaited<ReturnType<typeof startS3Server>>;
  let machine: string;

  beforeAll(async () => {
    s3 = await startS3Server(binary!, BUCKET);
    world = await createWorld([firmwareRoutes], {
      env: {
        METAL_API_S3_ADDRESS: s3.address,
        METAL_API_S3_KEY: "key",
        METAL_API_S3_SECRET: "secret",
        METAL_API_S3_FIRMWARE_BUCKET: BUCKET,
      },
    });
    machine = (await buildFleet(world.context.db)).machines[0]!;
    const fru = { board_mfg: "Supermicro", board_part_number: "X11DPT-B" };
    const ipmi = json({ address: "192.0.2.7:623", mac: "", interface: "", fru, bmcversion: "1.0", powerstate: "ON" });
    await world.context.db
      .updateTable("machines")
      .set({ ipmi: ipmi as never, bios: json({ version: "3.3", vendor: "AMI", date: "" }) })
      .where("id", "=", machine)
      .execute();
  });
  afterAll(async () => {
    await world?.close();
    await s3?.stop();
  });

  const list = async (query = "") => (await world.call<FirmwaresResponse>("admin", "GET", `/v1/firmware${query}`)).body;
  const update = (body: object, id = machine) =>
    world.call<MachineResponse & { message: string }>("admin", "POST", `/v1/machine/update-firmware/${id}`, body);

  it("is an empty list at first, of both kinds", async () => {
    expect(await list()).toEqual({ revisions: { bmc: { VendorRevisions: {} }, bios: { VendorRevisions: {} } } });
  });

  it("is uploaded for a board that there is, in small and in large, and replaced", async () => {
    expect(await upload(world, BIOS, Buffer.from("first"))).toEqual({ status: 200, text: "" });
    expect(await upload(world, BIOS, Buffer.from("a new BIOS"))).toEqual({ status: 200, text: "" });
    // Three parts of S3's multipart upload.
    const large = randomBytes(20 * 1024 * 1024);
    expect((await upload(world, "/v1/firmware/BMC/supermicro/X11DPT-B/2.0", large)).status).toBe(200);
    const stored = await fetch(`${s3.address}/${BUCKET}/bmc/supermicro/X11DPT-B/2.0`);
    expect(Buffer.from(await stored.arrayBuffer()).equals(large)).toBe(true);
  });

  it("is listed by kind, vendor, board and machine", async () => {
    const bios = { VendorRevisions: { supermicro: { BoardRevisions: { "X11DPT-B": ["3.4"] } } } };
    expect((await list()).revisions["bios"]).toEqual(bios);
    expect(await list("?kind=BIOS&vendor=SUPERMICRO&board=x11dpt-b")).toEqual({ revisions: { bios } });
    expect(await list("?kind=bios&vendor=dell")).toEqual({ revisions: { bios: { VendorRevisions: {} } } });
    // A machine's answer is what it runs, not what it could.
    expect((await list(`?kind=bios&machine-id=${machine}`)).revisions["bios"]).toEqual({
      VendorRevisions: { supermicro: { BoardRevisions: { "X11DPT-B": ["3.3"] } } },
    });
    expect((await world.call("admin", "GET", "/v1/firmware?machine-id=nobody")).status).toBe(404);
  });

  it("goes to the BMC as a link, which is forgotten with the answer", async () => {
    expect((await update({ kind: "bios", revision: "3.4", description: "CVE" })).status).toBe(200);
    const { db } = world.context;
    const [command] = await nextCommands(db, PARTITION, []);
    expect(command).toMatchObject({ machine_id: machine, command: "UPDATE-FIRMWARE", firmware: { kind: "bios" } });
    const content = await fetch(command!.firmware!.url);
    expect(await content.text()).toBe("a new BIOS");
    expect(new URL(command!.firmware!.url).searchParams.get("X-Amz-Expires")).toBe("7200");
    await db.transaction().execute((tx) => commandDone(tx, PARTITION, command!.id, "not supported by this BMC"));
    const row = await db.selectFrom("bmc_commands").selectAll().where("id", "=", command!.id).executeTakeFirstOrThrow();
    expect(row).toMatchObject({ firmware: null, error: "not supported by this BMC" });
  });

  it.each([
    ["runs already", { kind: "bios", revision: "3.3" }, 422, "machine's bios version is already equal 3.3"],
    ["nobody has", { kind: "bios", revision: "9" }, 422, "machine's bios firmware in version 9 is not available"],
    ["is of no kind", { kind: "gpu", revision: "3.4" }, 422, "machine's gpu firmware in version 3.4 is not available"],
    ["is not named", {}, 422, "machine's  firmware in version  is not available"],
  ])("is refused when it is what the machine %s", async (_, body, status, message) => {
    expect(await update(body)).toMatchObject({ status, body: { message } });
  });

  it.each([
    ["a kind nobody knows", "/v1/firmware/gpu/supermicro/X11DPT-B/1", 400, 'unknown firmware kind "gpu"'],
    ["a board nobody has", "/v1/firmware/bios/dell/R1/1", 400, "there is no machine of vendor dell with board R1"],
    [
      "a revision with a slash",
      "/v1/firmware/bios/supermicro/X11DPT-B/1%2F2",
      400,
      'must not be empty nor contain "/"',
    ],
  ])("is refused for %s", async (_, path, status, message) => {
    const answer = await upload(world, path, Buffer.from("x"));
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(message);
  });

  it("is refused without a file, without a form, cut off", async () => {
    const send = (payload: Buffer | string, type?: string) => put(world, BIOS, payload, type);
    const form = `multipart/form-data; boundary=${BOUNDARY}`;
    expect((await send("{}", "application/json")).status).toBe(415);
    expect((await send("", undefined)).status).toBe(415);
    expect((await send("x", "multipart/form-data")).status).toBe(400);
    expect((await send(`--${BOUNDARY}--\r\n`, form)).status).toBe(400);
    expect((await send(formOf(Buffer.from("half")).subarray(0, -8), form)).status).toBe(400);
    // Nothing of that replaced what was there.
    expect(await (await fetch(`${s3.address}/${BUCKET}/bios/supermicro/X11DPT-B/3.4`)).text()).toBe("a new BIOS");
  });

  it("is removed, and once more without harm", async () => {
    for (let time = 0; time < 2; time += 1) expect((await world.call("admin", "DELETE", BIOS)).status).toBe(200);
    expect((await list("?kind=bios")).revisions["bios"]).toEqual({ VendorRevisions: {} });
  });

  it("says what is wrong when the store is away", async () => {
    await using lonely = disposable(
      await createWorld([firmwareRoutes], {
        env: {
          METAL_API_S3_ADDRESS: s3.address,
          METAL_API_S3_KEY: "key",
          METAL_API_S3_SECRET: "secret",
          METAL_API_S3_FIRMWARE_BUCKET: "nowhere",
        },
      }),
    );
    const { status, body } = await lonely.call("admin", "GET", "/v1/firmware");
    expect([status, body.message]).toEqual([500, expect.stringContaining("NoSuchBucket")]);
  });
});

function formOf(file: Buffer): Buffer {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="3.4"\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}

const upload = (world: World, path: string, file: Buffer) =>
  put(world, path, formOf(file), `multipart/form-data; boundary=${BOUNDARY}`);

async function put(world: World, path: string, payload: Buffer | string, type: string | undefined) {
  const headers = { ...signed("admin", "PUT", new Date()), ...(type && { "content-type": type }) };
  const { statusCode, body } = await world.app.inject({ method: "PUT", url: path, headers, payload });
  return { status: statusCode, text: body === "" ? "" : readable(body) };
}

/** An error's text, decoded twice as a client does. */
function readable(body: string): string {
  return (JSON.parse(JSON.parse(body) as string) as { message: string }).message;
}

function disposable(world: World): World & AsyncDisposable {
  return { ...world, [Symbol.asyncDispose]: () => world.close() };
}
