import type { SizeResponse } from "@metal-stack/api-schema";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HARDWARE, SIZE } from "../testing/fleet.ts";
import { refusal } from "../testing/refusal.ts";
import { createTenant, type Tenant } from "../testing/tenant.ts";
import { sizeRoutes } from "./routes.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await createTenant({ machines: 1 }, {}, [sizeRoutes]);
});
afterAll(() => tenant.world.close());

const write = (method: "PUT" | "POST", body: object) =>
  tenant.world.call<SizeResponse>("admin", method, "/v1/size", body);
const cores = (min: number, max: number) => [{ type: "cores", min, max }];

describe("a size", () => {
  it("is made, changed in part, and deleted", async () => {
    const made = await write("PUT", { id: "big", name: "Big", labels: { a: "b" }, constraints: cores(64, 128) });
    expect([made.status, made.headers["etag"]]).toEqual([201, '"0"']);
    expect(made.body).toEqual({
      id: "big",
      name: "Big",
      description: "",
      labels: { a: "b" },
      constraints: cores(64, 128),
      created: expect.stringMatching(/Z$/) as string,
      changed: made.body.created,
    });
    const touched = await write("POST", { id: "big" });
    expect([touched.status, touched.body]).toEqual([200, { ...made.body, changed: touched.body.changed }]);
    const changed = await write("POST", { id: "big", description: "huge", labels: {} });
    expect(changed.body).toMatchObject({ name: "Big", description: "huge", labels: {}, constraints: cores(64, 128) });
    const { status, body } = await tenant.world.call("admin", "DELETE", "/v1/size/big");
    expect([status, body]).toEqual([200, changed.body]);
    expect((await tenant.world.call("view", "GET", "/v1/size/big")).status).toBe(404);
  });

  it("is refused with the original's words", async () => {
    expect(await refusal(write("PUT", { id: "unknown", constraints: [] }))).toEqual([400, 'id cannot be "unknown"']);
    expect(await refusal(write("PUT", { id: "", constraints: [] }))).toEqual([400, "id should not be empty"]);
    const wrong = [...cores(2, 1), { type: "gpu", min: 1, max: 1 }];
    expect(await refusal(write("PUT", { id: "x", constraints: wrong }))).toEqual([
      422,
      'size "x" is invalid: constraint at index 0 is invalid: max is smaller than min\n' +
        "constraint at index 1 is invalid: for gpu constraints an identifier is required",
    ]);
    await write("PUT", { id: "one", constraints: cores(1, 2) });
    expect(await refusal(write("PUT", { id: "two", constraints: cores(2, 3) }))).toEqual([
      400,
      'size "two" overlaps with "one"',
    ]);
    // A second time the same: what makes `apply` update.
    expect((await refusal(write("PUT", { id: "one", constraints: cores(1, 2) })))[0]).toBe(409);
    expect(await refusal(write("POST", { id: "none" }))).toEqual([404, 'NotFound no size with id "none" found']);
  });

  it("has an id of any characters that can be read and deleted again", async () => {
    for (const id of ["a b", "ä/%?#;+", "💥", "x".repeat(512), "🦕".repeat(256)]) {
      expect((await write("PUT", { id })).status, id).toBe(201);
      for (const method of ["GET", "DELETE"]) {
        const answer = await tenant.world.call("admin", method, `/v1/size/${encodeURIComponent(id)}`);
        expect(answer, id).toMatchObject({ status: 200, body: { id } });
      }
    }
    expect((await write("PUT", { id: "x".repeat(513) })).status).toBe(400);
  });

  it("may have no constraints, of which clients say null, and the largest numbers", async () => {
    for (const constraints of [null, undefined, []]) {
      const { status, body } = await write("PUT", { id: `bare-${constraints}`, constraints });
      expect([status, body.constraints]).toEqual([201, []]);
    }
    const constraints = [{ type: "storage", min: 1, max: 2 ** 64, identifier: "/dev/none" }];
    expect((await write("PUT", { id: "endless", constraints })).body.constraints).toEqual([
      { ...constraints[0], max: 2 ** 63 - 1024 },
    ]);
    expect((await write("POST", { id: "endless", constraints: [] })).body.constraints).toEqual([]);
  });

  it("is suggested for a machine by what it is made of", async () => {
    const suggest = (machineID: string | null) => tenant.world.call("view", "POST", "/v1/size/suggest", { machineID });
    const { body } = await suggest(tenant.fleet.machines[0]!);
    const [disk] = HARDWARE.disks;
    expect(body).toEqual([
      { type: "cores", min: 8, max: 8, identifier: "Intel Xeon" },
      { type: "memory", min: HARDWARE.memory, max: HARDWARE.memory },
      { type: "storage", min: disk!.size, max: disk!.size, identifier: "/dev/sda" },
    ]);
    expect((await suggest(null)).status).toBe(400);
    expect((await suggest("none")).status).toBe(404);
    expect((await tenant.world.call("view", "GET", `/v1/size/${SIZE}`)).status).toBe(200);
  });
});
