import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ImageResponse } from "@metal-stack/api-schema";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refusal } from "../testing/refusal.ts";
import { createWorld, type World } from "../testing/world.ts";
import { imageRoutes } from "./routes.ts";

const ID = "ubuntu-20.04.20211011";

let world: World;
let files: Server;
let url: string;
beforeAll(async () => {
  world = await createWorld([imageRoutes]);
  files = createServer((request, response) => {
    response.statusCode = request.url === "/missing" ? 404 : 200;
    response.end();
  });
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
});
afterAll(async () => {
  files.close();
  await world.close();
});

const write = (method: "PUT" | "POST", more: object) =>
  world.call<ImageResponse>("admin", method, "/v1/image", { id: ID, ...more });
const ids = async (method: string, path: string, body?: object) =>
  (await world.call<ImageResponse[]>("view", method, path, body)).body.map(({ id }) => id);

describe("an image", () => {
  it("is refused in the original's order and words, and the second time with the conflict of `apply`", async () => {
    const wrong = { id: "", url: "", features: ["toaster"] };
    const made = { ...wrong, id: ID, url, features: ["machine"] };
    for (const [body, message] of [
      [wrong, "id should not be empty"],
      [{ ...wrong, id: "nonsense" }, "url should not be empty"],
      [{ ...wrong, id: "nonsense", url }, "unknown ImageFeatureType:toaster"],
      [{ ...made, classification: "nice" }, "given versionclassification is not valid:nice"],
      [{ ...made, url: `${url}/missing` }, `image:${ID} is not accessible under:${url}/missing status:404 Not Found`],
    ] as const)
      expect(await refusal(write("PUT", body))).toEqual([400, message]);
    expect((await write("PUT", made)).status).toBe(201);
    expect((await refusal(write("PUT", { ...made, url: `${url}/missing` })))[0]).toBe(400);
    expect(await refusal(write("PUT", made))).toEqual([
      409,
      `Conflict cannot create image in database, entity already exists: ${ID}`,
    ]);
  });

  it("has each feature once, and keeps them and its dates when an update leaves them out", async () => {
    const made = await write("POST", {
      features: ["machine", "firewall", "machine"],
      expirationDate: "2040-01-01T02:00:00+02:00",
    });
    expect(made.body).toMatchObject({ features: ["machine", "firewall"], expirationDate: "2040-01-01T00:00:00.000Z" });
    const unset = { name: null, features: [], expirationDate: null, usedby: null, url: null };
    expect((await write("POST", { ...unset, classification: "deprecated" })).body).toEqual({
      ...made.body,
      classification: "deprecated",
      changed: expect.any(String) as string,
    });
    expect((await write("POST", { url: "" })).status).toBe(400);
    expect((await write("POST", { classification: "" })).status).toBe(400);
  });

  it("is found by its normalised version, all of its features, and not by what is empty", async () => {
    expect(
      await ids("POST", "/v1/image/find", {
        version: "20.4.20211011",
        os: "ubuntu",
        features: ["machine", "firewall"],
      }),
    ).toEqual([ID]);
    for (const query of [{ version: "20.04.20211011" }, { id: "" }, { name: "x" }, { classification: "preview" }])
      expect(await ids("POST", "/v1/image/find", query), JSON.stringify(query)).toEqual([]);
  });

  it("is the latest of its minor version, although it is over; what is no image id is not found", async () => {
    await write("PUT", { id: "ubuntu-20.04.20200101", url });
    await write("POST", { expirationDate: "2001-01-01T00:00:00Z" });
    const latest = (id: string) => world.call<ImageResponse>("view", "GET", `/v1/image/${id}/latest`);
    for (const id of ["ubuntu-20.04", "ubuntu-20.4.0", ID]) expect((await latest(id)).body.id).toBe(ID);
    for (const id of ["ubuntu-20", "ubuntu-20.04.20211012", "debian-20.04", "nonsense"])
      expect((await latest(id)).status, id).toBe(404);
    expect(await ids("GET", "/v1/image/ubuntu-20.04/query")).toEqual([ID, "ubuntu-20.04.20200101"]);
    expect(await ids("GET", "/v1/image/ubuntu-22.04/query")).toEqual([]);
    expect((await world.call("view", "GET", "/v1/image/nonsense/query")).status).toBe(404);
  });
});
