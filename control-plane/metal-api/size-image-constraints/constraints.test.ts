import type { SizeImageConstraintResponse } from "@metal-stack/api-schema";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IMAGE, SIZE } from "../testing/fleet.ts";
import { refusal } from "../testing/refusal.ts";
import { createTenant, type Tenant } from "../testing/tenant.ts";
import { sizeImageConstraintRoutes } from "./routes.ts";
import { imageProblemOfSize } from "./rules.ts";

let tenant: Tenant;
beforeAll(async () => {
  tenant = await createTenant({ machines: 1 }, {}, [sizeImageConstraintRoutes]);
});
afterAll(() => tenant.world.close());

const PATH = "/v1/size-image-constraint";
const write = (method: "PUT" | "POST", more: object) =>
  tenant.world.call<SizeImageConstraintResponse>("admin", method, PATH, { id: SIZE, ...more });
const attempt = (size: string, image: string) => tenant.world.call("admin", "POST", `${PATH}/try`, { size, image });
const images = (images: object) => ({ constraints: { images } });

describe("a size-image constraint", () => {
  it("decides which images a size can run: when tried, and when a machine is allocated", async () => {
    const made = await write("PUT", { name: "n", ...images({ debian: ">= 12.0.20270101" }) });
    expect([made.status, made.body]).toEqual([
      201,
      { id: SIZE, name: "n", description: "", constraints: { images: { debian: ">= 12.0.20270101" } } },
    ]);
    expect(await refusal(write("PUT", {}))).toEqual([
      409,
      `Conflict cannot create sizeimageconstraint in database, entity already exists: ${SIZE}`,
    ]);
    const violation = `given size:${SIZE} with image:${IMAGE} does violate image constraint:debian >= 12.0.20270101`;
    expect(await refusal(attempt(SIZE, "debian-12.0"))).toEqual([422, violation]);
    expect(await refusal(tenant.allocate())).toEqual([422, violation]);
    expect(await refusal(attempt("none", IMAGE))).toEqual([404, 'NotFound no size with id "none" found']);
    expect((await attempt(SIZE, "debian-99")).status).toBe(404);
    expect((await attempt("", IMAGE)).status).toBe(400);
    expect((await attempt(SIZE, "nonsense")).status).toBe(404);

    const changed = await write("POST", images({ debian: "*", ubuntu: "^ 24.04" }));
    expect(changed.body).toEqual({ ...made.body, constraints: { images: { debian: "*", ubuntu: "^ 24.04" } } });
    const tried = await attempt(SIZE, "debian-12");
    expect([tried.status, tried.body]).toEqual([200, {}]);
    expect((await tenant.allocate()).status).toBe(200);

    // What is not given is no longer asked for, as in the original.
    expect((await write("POST", {})).body.constraints).toEqual({ images: {} });
    expect((await write("POST", images({ debian: " * " }))).status).toBe(200);
    expect((await attempt(SIZE, IMAGE)).status).toBe(200);
    expect((await write("POST", { constraints: { images: null } })).body.constraints).toEqual({ images: {} });
    expect((await tenant.world.call("view", "GET", PATH)).body).toHaveLength(1);
    expect((await tenant.world.call("view", "GET", `${PATH}/${SIZE}`)).status).toBe(200);
    expect((await tenant.world.call("admin", "DELETE", `${PATH}/${SIZE}`)).status).toBe(200);
    expect(await refusal(tenant.world.call("view", "GET", `${PATH}/${SIZE}`))).toEqual([
      404,
      `NotFound no sizeimageconstraint with id "${SIZE}" found`,
    ]);
  });

  it.each([
    [{ "*": "> 1" }, /not allowed as image os/],
    [{ debian: ">=12" }, /is not valid/],
    [{ debian: ">= 12, < 13" }, /is not valid/],
    [{ debian: "" }, /is not valid/],
    [{ debian: ">= 12 " }, /is not valid/],
  ])("%j is refused", async (wrong, problem) => {
    expect(await refusal(write("PUT", { id: "wrong", ...images(wrong) }))).toEqual([
      400,
      expect.stringMatching(problem),
    ]);
  });

  it.each([
    ["ubuntu-20.04.20220101", "~ 20.04", true],
    ["ubuntu-20.10.20220101", "~ 20.04", false],
    ["ubuntu-20.10.20220101", "^ 20.04", true],
    ["ubuntu-20.04.20220101", "!= 20.04", false],
    ["ubuntu-20.04.20220101", "<= 20.04", true],
    ["ubuntu-20.04.20220101", "> 20.04", false],
    ["ubuntu-20.04", "*", false],
    ["debian-1.0", "> 99", true],
  ])("%s on a size with ubuntu %s: %s", (image, ubuntu, allowed) => {
    expect(imageProblemOfSize("s", { ubuntu }, image) === undefined).toBe(allowed);
  });
});
