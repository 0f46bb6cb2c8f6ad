import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { PartitionResponse } from "@metal-stack/api-schema";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorld, type World } from "../testing/world.ts";
import { partitionRoutes } from "./routes.ts";

let world: World;
let files: Server;
let url: string;

beforeAll(async () => {
  world = await createWorld([partitionRoutes]);
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

const bootconfig = () => ({ imageurl: `${url}/initrd`, kernelurl: `${url}/kernel`, commandline: "console=ttyS0" });
const create = (more: object) =>
  world.call<PartitionResponse>("admin", "PUT", "/v1/partition", { bootconfig: bootconfig(), ...more });
const refusal = async (more: object) => {
  const { status, body } = await world.call("admin", "PUT", "/v1/partition", { bootconfig: bootconfig(), ...more });
  return [status, body.message];
};

describe("a partition", () => {
  it("is created, read, listed, changed and deleted", async () => {
    const created = await create({
      id: "fra-1",
      name: "Frankfurt",
      labels: { a: "b" },
      dns_servers: [{ ip: "9.9.9.9" }],
    });
    expect([created.status, created.headers["etag"]]).toEqual([201, '"0"']);
    expect(created.body).toEqual({
      id: "fra-1",
      name: "Frankfurt",
      description: "",
      mgmtserviceaddress: "",
      bootconfig: bootconfig(),
      labels: { a: "b" },
      dns_servers: [{ ip: "9.9.9.9" }],
      created: expect.stringMatching(/Z$/) as string,
      changed: created.body.created,
    });
    expect((await world.call("view", "GET", "/v1/partition/fra-1")).body).toEqual(created.body);
    expect((await world.call("view", "GET", "/v1/partition")).body).toEqual([created.body]);

    const updated = await world.call<PartitionResponse>("admin", "POST", "/v1/partition", {
      id: "fra-1",
      description: "new",
      labels: {},
      dns_servers: [],
      ntp_servers: null,
    });
    expect(updated.status).toBe(200);
    expect(updated.headers["etag"]).toBe('"1"');
    const { dns_servers: _gone, ...rest } = created.body;
    expect(updated.body).toEqual({ ...rest, description: "new", labels: {}, changed: updated.body.changed });
    expect(Date.parse(updated.body.changed!)).toBeGreaterThan(Date.parse(created.body.changed!));

    expect((await world.call("admin", "DELETE", "/v1/partition/fra-1")).body).toEqual(updated.body);
    expect((await world.call("view", "GET", "/v1/partition/fra-1")).body).toEqual({
      statuscode: 404,
      message: 'NotFound no partition with id "fra-1" found',
    });
  });

  it("is refused a second time with the conflict that makes `apply` update", async () => {
    await create({ id: "twice" });
    expect(await refusal({ id: "twice" })).toEqual([
      409,
      "Conflict cannot create partition in database, entity already exists: twice",
    ]);
  });

  it("is refused when it could not work", async () => {
    expect(await refusal({ bootconfig: bootconfig() })).toEqual([400, "id should not be empty"]);
    const missing = await refusal({ id: "x", bootconfig: { ...bootconfig(), kernelurl: `${url}/missing` } });
    expect(missing).toEqual([400, `image:kernel is not accessible under:${url}/missing status:404 Not Found`]);
    // Before its id is compared with others.
    expect((await refusal({ id: "fra-1", bootconfig: null }))[0]).toBe(400);
    expect((await refusal({ id: "x", bootconfig: { imageurl: "file:///etc/passwd" } }))[0]).toBe(400);
    const servers = ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"].map((ip) => ({ ip }));
    expect(await refusal({ id: "x", dns_servers: servers })).toEqual([
      400,
      "please specify a maximum of three dns servers",
    ]);
    expect((await refusal({ id: "x", dns_servers: [{ ip: "dns.example" }] }))[0]).toBe(400);
    expect((await refusal({ id: "x", ntp_servers: [{ address: "-bad-" }] }))[0]).toBe(400);
  });

  it("is changed in parts of its boot configuration, and shows all of it", async () => {
    const { imageurl, kernelurl } = bootconfig();
    const made = await create({ id: "boot", bootconfig: { imageurl, kernelurl } });
    expect(made.body.bootconfig).toEqual({ imageurl, kernelurl, commandline: "" });
    const update = (more: object) =>
      world.call<PartitionResponse>("admin", "POST", "/v1/partition", { id: "boot", ...more });
    expect((await update({ bootconfig: { commandline: "quiet" } })).body.bootconfig).toEqual({
      imageurl,
      kernelurl,
      commandline: "quiet",
    });
    expect((await update({ ntp_servers: [{ address: "pool.ntp.org" }], bootconfig: null })).body).toMatchObject({
      ntp_servers: [{ address: "pool.ntp.org" }],
      bootconfig: { commandline: "quiet" },
    });
    expect((await update({ ntp_servers: [] })).body).not.toHaveProperty("ntp_servers");
    expect((await update({ bootconfig: { kernelurl: "" } })).status).toBe(400);
  });

  it("is not changed by a client that has seen an older version", async () => {
    const { headers } = await create({ id: "seen" });
    const update = (etag: unknown) =>
      world.call("admin", "POST", "/v1/partition", { id: "seen", name: "x" }, { "if-match": String(etag) });
    expect((await update(headers["etag"])).status).toBe(200);
    expect((await update(headers["etag"])).body).toEqual({
      statuscode: 409,
      message: "Conflict cannot update partition (seen): the entity was changed from another, please retry",
    });
  });

  it("is only for administrators to change, and for everybody of the tenant to see", async () => {
    expect((await world.call("edit", "DELETE", "/v1/partition/seen")).status).toBe(403);
    expect((await world.call("view", "GET", "/v1/partition")).status).toBe(200);
    expect((await world.call("guest", "GET", "/v1/partition")).status).toBe(403);
  });

  it("with machines in it is not deleted", async () => {
    await create({ id: "used" });
    await world.context.db.insertInto("machines").values({ id: "m1", partition_id: "used" }).execute();
    expect((await world.call("admin", "DELETE", "/v1/partition/used")).status).toBe(422);
  });
});

describe("the API's document", () => {
  it("names operations and definitions as the original does", async () => {
    const { body } = await world.call<{
      swagger: string;
      basePath: string;
      paths: Record<string, Record<string, { operationId: string; responses: object }>>;
      definitions: Record<string, { required?: string[] }>;
    }>("guest", "GET", "/apidocs.json");
    expect([body.swagger, body.basePath]).toEqual(["2.0", "/"]);
    expect(body.paths["/v1/partition"]!["put"]).toMatchObject({
      operationId: "createPartition",
      parameters: [{ in: "body", schema: { $ref: "#/definitions/v1.PartitionCreateRequest" } }],
      responses: {
        201: { schema: { $ref: "#/definitions/v1.PartitionResponse" } },
        default: { schema: { $ref: "#/definitions/httperrors.HTTPErrorResponse" } },
      },
    });
    expect(Object.keys(body.definitions)).toEqual(
      expect.arrayContaining([
        "httperrors.HTTPErrorResponse",
        "v1.PartitionBootConfiguration",
        "v1.PartitionCapacity",
        "v1.PartitionCapacityRequest",
        "v1.PartitionCreateRequest",
        "v1.PartitionResponse",
        "v1.PartitionUpdateRequest",
        "v1.ServerCapacity",
      ]),
    );
    expect(body.definitions["v1.PartitionUpdateRequest"]!.required).toEqual(["dns_servers", "id", "ntp_servers"]);
  });
});
