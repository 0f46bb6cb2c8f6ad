import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeApi, fakeApi } from "./testing/fake-api.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await fakeApi();
});
beforeEach(() => api.forget());
afterAll(() => api.close());

describe("metalctl", () => {
  it("shows the capacity of partitions with a sum", async () => {
    const servers = [
      { size: "s1", total: 6, allocated: 2, free: 1, unavailable: 2, reservations: 3, usedreservations: 2, faulty: 1 },
      { size: "s2", total: 1, free: 1, waiting: 1 },
    ];
    api.answers["POST /metal/v1/partition/capacity"] = [200, [{ id: "lab", servers }]];
    const { stdout } = await api.metalctl("partition", "capacity", "--size", "s", "--project-id", "p");
    expect(api.calls[0]!.body).toEqual({ sizeid: "s", projectid: "p" });
    const cells = stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/));
    expect(cells).toEqual([
      ["PARTITION", "SIZE", "ALLOCATED", "FREE", "UNAVAILABLE", "RESERVATIONS", "|", "TOTAL", "|", "FAULTY"],
      ["lab", "s1", "2", "1", "2", "1 (2/3 used)", "|", "6", "|", "1"],
      ["lab", "s2", "0", "1", "0", "0", "|", "1", "|", "0"],
      ["Total", "2", "2", "2", "1", "|", "7", "|", "1"],
    ]);
    expect((await api.metalctl("partition", "capacity", "-o", "markdown")).stdout).toContain(
      "| lab       | s2   | 0         | 1    | 0           | 0            | 1     | 0      |",
    );
  });

  it("knows reservations of a size and their usage", async () => {
    const reservation = { id: "r1", sizeid: "s", projectid: "p", partitionids: ["a", "b"], amount: 3 };
    api.answers["PUT /metal/v1/size/reservations"] = [201, reservation];
    await api.metalctl(
      ..."size reservation create --amount 3 --size s --project p --partitions a,b --labels x=y".split(" "),
    );
    const { id: _, ...request } = reservation;
    expect(api.calls[0]!.body).toEqual({ ...request, labels: { x: "y" } });
    api.answers["POST /metal/v1/size/reservations"] = [200, reservation];
    await api.metalctl("size", "rs", "update", "r1", "--amount", "4");
    expect(api.calls[1]!.body).toEqual({ id: "r1", amount: 4 });
    api.answers["POST /metal/v1/size/reservations/find"] = [200, [reservation]];
    expect((await api.metalctl("size", "reservation", "ls", "--partition", "a")).stdout).toMatch(
      /r1 +s +p +a, b +3\n$/,
    );
    api.answers["POST /metal/v1/size/reservations/usage"] = [
      200,
      [{ ...reservation, partitionid: "a", usedamount: 1, projectallocations: 1 }],
    ];
    expect((await api.metalctl("size", "reservation", "usage", "--size-id", "s")).stdout).toMatch(
      /USED \/ AMOUNT\nr1 +s +p +a +1\/3\n$/,
    );
  });

  it("knows image constraints of a size, creates a size of one constraint and suggests one", async () => {
    api.answers["GET /metal/v1/size-image-constraint"] = [
      200,
      [{ id: "s", name: "n", description: "", constraints: { images: { ubuntu: "> 1", debian: "*" } } }],
    ];
    const listed = await api.metalctl("size", "ic", "list");
    expect(listed.stdout).toMatch(/IMAGE +CONSTRAINT\ns +n +debian +\*\ns +n +ubuntu +> 1\n$/);
    api.answers["POST /metal/v1/size-image-constraint/try"] = [200, {}];
    expect((await api.metalctl("size", "imageconstraint", "try", "--size", "s", "--image", "i")).stdout).toBe(
      "allocation is possible\n",
    );
    api.answers["PUT /metal/v1/size"] = [201, { id: "s" }];
    await api.metalctl("size", "create", "--id", "s", "--type", "cores", "--min", "1", "--max", "2");
    expect(api.calls.at(-1)!.body).toEqual({ id: "s", constraints: [{ type: "cores", min: 1, max: 2 }] });
    api.answers["POST /metal/v1/size/suggest"] = [200, [{ type: "cores", min: 1, max: 1 }]];
    const suggested = await api.metalctl("size", "suggest", "s", "--machine-id", "m");
    expect(suggested.stdout).toContain("id: s\nlabels: {}\nname: suggested-size");
  });
});
