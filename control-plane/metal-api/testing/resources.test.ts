// Sizes, images and filesystem layouts as an operator registers them, over REST.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { FilesystemLayoutResponse, ImageResponse, SizeResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Hardware } from "../database/documents.ts";
import { filesystemLayoutRoutes } from "../filesystem-layouts/routes.ts";
import { imageRoutes } from "../images/routes.ts";
import { sizeRoutes } from "../sizes/routes.ts";
import { proveErased } from "./proof.ts";
import { createWorld, type World } from "./world.ts";

const GIB = 1024 ** 3;
const hardware: Hardware = {
  memory: GIB,
  cpus: [{ model: "QEMU", cores: 2, threads: 2 }],
  gpus: [],
  nics: [],
  disks: [{ name: "/dev/vda", size: 8 * GIB }],
};
const constraints = [
  { type: "cores", min: 1, max: 4 },
  { type: "memory", min: GIB / 2, max: 4 * GIB },
  { type: "storage", min: GIB, max: 64 * GIB },
];

let world: World;
let files: Server;
let url: string;
beforeAll(async () => {
  world = await createWorld([sizeRoutes, imageRoutes, filesystemLayoutRoutes]);
  files = createServer((_request, response) => void response.end());
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(files.address() as AddressInfo).port}/image`;
  await world.context.db
    .insertInto("machines")
    .values({ id: "m1", hardware: json(hardware) })
    .execute();
  await world.context.db.insertInto("machines").values({ id: "m2" }).execute();
});
afterAll(async () => {
  files.close();
  await world.close();
});

const admin = async (method: string, path: string, body?: object) => {
  const { status, body: answer } = await world.call<{ message?: string; id?: string }>("admin", method, path, body);
  return [status, answer.message ?? answer.id];
};

describe("a size", () => {
  it("is created, read, changed and deleted", async () => {
    const { status, body } = await world.call<SizeResponse>("admin", "PUT", "/v1/size", { id: "small", constraints });
    expect(status).toBe(201);
    expect(body).toMatchObject({ id: "small", name: "", description: "", constraints, labels: {} });
    expect((await world.call("view", "GET", "/v1/size/small")).body).toEqual(body);
    expect((await world.call("view", "GET", "/v1/size")).body).toEqual([body]);
    const changed = await world.call<SizeResponse>("admin", "POST", "/v1/size", { id: "small", labels: { a: "b" } });
    expect(changed.body).toMatchObject({ constraints, labels: { a: "b" } });
    expect(await admin("PUT", "/v1/size", { id: "other", constraints: [{ type: "cores", min: 1, max: 1 }] })).toEqual([
      201,
      "other",
    ]);
    expect(await admin("DELETE", "/v1/size/other")).toEqual([200, "other"]);
    expect(await admin("GET", "/v1/size/other")).toEqual([404, 'NotFound no size with id "other" found']);
  });

  it("is refused when it is wrong in itself, overlaps, is reserved or there already", async () => {
    const put = (body: object) => admin("PUT", "/v1/size", { constraints, ...body });
    expect(await put({ id: "unknown" })).toEqual([400, 'id cannot be "unknown"']);
    expect((await put({ id: "x", constraints: [{ type: "cores", min: 2, max: 1 }] }))[0]).toBe(422);
    expect(await put({ id: "x" })).toEqual([400, 'size "x" overlaps with "small"']);
    expect((await put({ id: "small" }))[0]).toBe(409);
    expect((await admin("POST", "/v1/size", { id: "nobody" }))[0]).toBe(404);
  });

  it("is suggested for a machine", async () => {
    const { body } = await world.call("view", "POST", "/v1/size/suggest", { machineID: "m1" });
    expect(body).toEqual([
      { type: "cores", min: 2, max: 2, identifier: "QEMU" },
      { type: "memory", min: GIB, max: GIB },
      { type: "storage", min: 8 * GIB, max: 8 * GIB, identifier: "/dev/vda" },
    ]);
    expect((await admin("POST", "/v1/size/suggest", {}))[0]).toBe(400);
    expect((await admin("POST", "/v1/size/suggest", { machineID: "m9" }))[0]).toBe(404);
    expect((await admin("POST", "/v1/size/suggest", { machineID: "m2" }))[0]).toBe(422);
  });
});

describe("an image", () => {
  const put = (body: object) => world.call<ImageResponse>("admin", "PUT", "/v1/image", { url, ...body });

  it("is created with what the original fills in", async () => {
    const { status, body } = await put({
      id: "debian-12.0.20261101",
      features: ["machine"],
      expirationDate: "0001-01-01T00:00:00.000Z",
      sha256: "A".repeat(64),
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ url, features: ["machine"], classification: "preview", sha256: "a".repeat(64) });
    const days = (Date.parse(body.expirationDate) - Date.now()) / (24 * 3600 * 1000);
    expect(days).toBeCloseTo(90, 1);
    expect(body).not.toHaveProperty("usedby");
  });

  it("is found by its id, a part of it, and its properties", async () => {
    await put({ id: "debian-12.0.20270101", features: ["machine", "firewall"], classification: "supported" });
    const get = async (path: string) => (await world.call<ImageResponse>("view", "GET", path)).body.id;
    expect(await get("/v1/image/debian-12.0.20261101")).toBe("debian-12.0.20261101");
    expect(await get("/v1/image/debian-12/latest")).toBe("debian-12.0.20270101");
    const found = await world.call<ImageResponse[]>("view", "GET", "/v1/image/debian-12/query");
    expect(found.body.map(({ id }) => id)).toEqual(["debian-12.0.20270101", "debian-12.0.20261101"]);
    const find = async (query: object) =>
      (await world.call<ImageResponse[]>("view", "POST", "/v1/image/find", query)).body.map(({ id }) => id);
    expect(await find({ features: ["firewall"] })).toEqual(["debian-12.0.20270101"]);
    expect(await find({ version: "12.0.20261101", os: "debian" })).toEqual(["debian-12.0.20261101"]);
    expect(await find({ classification: "deprecated" })).toEqual([]);
    expect(await admin("GET", "/v1/image/debian-13/latest")).toEqual([
      404,
      'NotFound no image with id "debian-13" found',
    ]);
    expect((await admin("GET", "/v1/image/nonsense/latest"))[0]).toBe(404);
  });

  it("is refused when it is wrong", async () => {
    const refusal = async (body: object) => (await put(body)).status;
    expect(await refusal({ id: "nonsense" })).toBe(400);
    expect(await refusal({ id: "a-1", url: "" })).toBe(400);
    expect(await refusal({ id: "a-1", url: "http://127.0.0.1:1/" })).toBe(400);
    expect(await refusal({ id: "a-1", features: ["toaster"] })).toBe(400);
    expect(await refusal({ id: "a-1", classification: "nice" })).toBe(400);
    expect(await refusal({ id: "a-1", expirationDate: "tomorrow" })).toBe(400);
    expect(await refusal({ id: "debian-12.0.20261101" })).toBe(409);
    expect((await admin("GET", "/v1/image?show-usage=maybe"))[0]).toBe(400);
  });

  it("keeps what an update does not mention, but not the checksum of another file", async () => {
    const update = (body: object) =>
      world.call<ImageResponse>("admin", "POST", "/v1/image", { id: "debian-12.0.20261101", ...body });
    expect((await update({ description: "x", features: [] })).body).toMatchObject({
      description: "x",
      features: ["machine"],
      sha256: "a".repeat(64),
    });
    expect((await update({ url: `${url}2` })).body).not.toHaveProperty("sha256");
  });

  it("that a machine is installed with says so, and stays", async () => {
    await proveErased(world.context.db, "m1");
    await world.context.db
      .insertInto("allocations")
      .values({
        uuid: "a1",
        machine_id: "m1",
        creator: "me",
        project_id: "p",
        image_id: "debian-12.0.20261101",
        filesystem_layout: json({} as never),
        networks: json([]),
        role: "machine",
        asn: 4210000001,
      })
      .execute();
    const { body } = await world.call<ImageResponse[]>("view", "GET", "/v1/image?show-usage=true");
    expect(body.map(({ id, usedby }) => [id, usedby])).toEqual([
      ["debian-12.0.20261101", ["m1"]],
      ["debian-12.0.20270101", undefined],
    ]);
    expect(await admin("DELETE", "/v1/image/debian-12.0.20261101")).toEqual([
      422,
      "image debian-12.0.20261101 is in use by machines:[m1]",
    ]);
    expect(await admin("DELETE", "/v1/image/debian-12.0.20270101")).toEqual([200, "debian-12.0.20270101"]);
  });
});

describe("a filesystem layout", () => {
  const LAYOUTS = new URL("../../../machine/os-images/layouts.json", import.meta.url);
  const lab = (JSON.parse(readFileSync(LAYOUTS, "utf8")) as FilesystemLayoutResponse[])[0]!;

  it("of the lab is taken, tried and matched", async () => {
    const { status, body } = await world.call("admin", "PUT", "/v1/filesystemlayout", lab);
    expect([status, body]).toEqual([201, lab]);
    expect((await world.call("view", "GET", "/v1/filesystemlayout")).body).toEqual([lab]);
    expect(
      await admin("POST", "/v1/filesystemlayout/try", { size: "v1-small-x86", image: "debian-12.0.20261101" }),
    ).toEqual([200, lab.id]);
    expect((await admin("POST", "/v1/filesystemlayout/try", { size: "v1-small-x86", image: "debian-11" }))[0]).toBe(
      422,
    );
    expect(await admin("POST", "/v1/filesystemlayout/matches", { machine: "m1", filesystemlayout: lab.id })).toEqual([
      200,
      lab.id,
    ]);
    expect((await admin("POST", "/v1/filesystemlayout/matches", { machine: "m2", filesystemlayout: lab.id }))[0]).toBe(
      422,
    );
  });

  it("is refused when it is there, wrong, or makes the choice unclear", async () => {
    const put = (body: object) => admin("PUT", "/v1/filesystemlayout", { ...lab, ...body });
    expect((await put({ disks: [] }))[0]).toBe(409);
    expect((await put({ id: "x", disks: [] }))[0]).toBe(400);
    expect((await put({ id: "x", filesystems: [{ device: "/dev/vda3", format: "zfs" }] }))[0]).toBe(422);
    expect((await put({ id: "x" }))[1]).toMatch(/^these combinations already exist:v1-small-x86->\[debian/);
  });

  it("is replaced as a whole", async () => {
    const { body } = await world.call<FilesystemLayoutResponse>("admin", "POST", "/v1/filesystemlayout", {
      id: lab.id,
      constraints: { images: null },
    });
    expect(body).toMatchObject({ name: "", filesystems: [], disks: [], constraints: { sizes: [], images: {} } });
    expect((await admin("DELETE", `/v1/filesystemlayout/${lab.id}`))[0]).toBe(200);
    expect((await admin("DELETE", `/v1/filesystemlayout/${lab.id}`))[0]).toBe(404);
  });
});
