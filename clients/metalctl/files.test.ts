// Files of documents, and lists in order: what the generic commands have in common.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeApi, fakeApi } from "./testing/fake-api.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await fakeApi();
});
beforeEach(() => api.forget());
afterAll(() => api.close());

describe("a file of documents", () => {
  it("that is applied by half says which documents were", async () => {
    writeFileSync(join(api.folder, "mixed.yaml"), "id: a\n---\nname: nameless\n---\nid: c\n");
    api.answers["PUT /metal/v1/size"] = (body) =>
      "id" in body ? [201, body] : [422, JSON.stringify({ statuscode: 422, message: "id is missing" })];
    const { code, stdout, stderr } = await api.metalctl("size", "apply", "-f", "mixed.yaml", "--timestamps");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^\S+Z applied a\n\S+Z applied c\n$/);
    expect(stderr.replaceAll(/^\S+Z /gm, "")).toBe(
      "Error: document 2 (nameless): id is missing (HTTP 422)\n" +
        "Error: 1 of 3 documents failed: 2 (nameless); applied: a, c\n" +
        "Next: mend these and apply the file again: what is applied stays as it is\n",
    );
    const bulk = await api.metalctl(
      "size",
      "apply",
      "-f",
      "mixed.yaml",
      "--bulk-output",
      "-o",
      "template",
      "--template",
      "{{ .id }}",
    );
    expect(bulk.stdout).toBe("a\nc\n");
  });

  it("gives a program the documents alone, when it asks for a format", async () => {
    writeFileSync(join(api.folder, "two.yaml"), "id: a\n---\nid: b\n");
    api.answers["PUT /metal/v1/size"] = (body) => [201, body];
    const { stdout } = await api.metalctl("size", "create", "-f", "two.yaml", "-o", "json");
    expect(JSON.parse(`[${stdout.replace("}\n{", "},{")}]`)).toMatchObject([{ id: "a" }, { id: "b" }]);
  });

  it("changes whatever version is there, also when it is applied again", async () => {
    api.answers["PUT /metal/v1/tenant"] = [409, { statuscode: 409, message: "exists" }];
    api.answers["GET /metal/v1/tenant/t"] = [200, { meta: { id: "t", version: 7 }, name: "old" }];
    api.answers["POST /metal/v1/tenant"] = (body) => [200, body];
    writeFileSync(join(api.folder, "tenants.yaml"), "meta: {id: t}\nname: new\n---\nmeta: {id: t, version: 3}\n");
    expect((await api.metalctl("tenant", "apply", "-f", "tenants.yaml")).stdout).toBe("applied t\napplied t\n");
    expect(api.calls.filter(({ method }) => method === "POST").map(({ body }) => body)).toEqual([
      { meta: { id: "t", version: 7 }, name: "new" },
      { meta: { id: "t", version: 7 } },
    ]);
  });

  it("says all itself, and needs ids to delete by", async () => {
    writeFileSync(join(api.folder, "nameless.yaml"), "name: nameless\n");
    const both = await api.metalctl("size", "create", "-f", "nameless.yaml", "--name", "other");
    expect(both.stderr).toBe("Error: --name goes not with a file\nNext: say it in the file\n");
    const { stderr } = await api.metalctl("size", "delete", "-f", "nameless.yaml");
    expect(stderr).toMatch(/^Error: document 1 \(nameless\): it has no id\n/);
    expect((await api.metalctl("size", "update")).stderr).toBe("Error: nothing to update\nNext: give a file with -f\n");
    expect((await api.metalctl("size", "apply", "-f", "nowhere.yaml")).stderr).toBe(
      "Error: cannot read nowhere.yaml: there is no such file\n",
    );
    expect(api.calls).toEqual([]);
  });

  it("with a mistake is not begun, and the mistake has a place", async () => {
    writeFileSync(join(api.folder, "broken.yaml"), "id: a\n---\nid: [b\nname: c\n");
    const { code, stderr } = await api.metalctl("size", "apply", "-f", "broken.yaml");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: broken\.yaml, line 4, column 1: /);
    expect(api.calls).toEqual([]);
  });
});

describe("metalctl", () => {
  it("sorts lists by columns, texts as the original", async () => {
    api.answers["GET /metal/v1/size"] = [200, ["b2", "b10", "a"].map((id) => ({ id, name: id[0] }))];
    const sorted = async (order: string) =>
      (await api.metalctl("size", "ls", "--sort-by", order, "-o", "template", "--template", "{{ .id }}")).stdout;
    expect(await sorted("id:desc")).toBe("b2\nb10\na\n");
    expect(await sorted("name:desc,id")).toBe("b10\nb2\na\n");
    expect((await api.metalctl("size", "ls", "--sort-by", "color")).stderr).toContain('no "color", use id, name');
  });

  it("sorts addresses by their bits, ages by how long they are, and leaves what is equal as the API has it", async () => {
    const ids = async (...command: string[]) =>
      (await api.metalctl(...command, "-o", "template", "--template", "{{ or .ipaddress .id }}")).stdout.split("\n");
    const addresses = ["fd00::10", "10.0.0.10", "fd00::9", "10.0.0.9", "9.255.0.0"];
    api.answers["GET /metal/v1/ip"] = [200, addresses.map((ipaddress) => ({ ipaddress }))];
    expect(await ids("network", "ip", "ls")).toEqual(["9.255.0.0", "10.0.0.9", "10.0.0.10", "fd00::9", "fd00::10", ""]);
    const created = [undefined, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"];
    api.answers["GET /metal/v1/machine"] = [
      200,
      created.map((each, at) => ({ id: `m${3 - at}`, rackid: "r", ...(each && { allocation: { created: each } }) })),
    ];
    expect(await ids("machine", "ls", "--sort-by", "age")).toEqual(["m1", "m2", "m3", ""]);
    expect(await ids("machine", "ls", "--sort-by", "age:desc")).toEqual(["m3", "m2", "m1", ""]);
    expect(await ids("machine", "ls", "--sort-by", "rack")).toEqual(["m3", "m2", "m1", ""]);
    expect(await ids("machine", "ls", "--sort-by", "rack", "--sort-by", "id")).toEqual(["m1", "m2", "m3", ""]);
  });

  it("suggests the nearest command and flag", async () => {
    expect((await api.metalctl("machin", "ls")).stderr).toContain("Did you mean machine?");
    expect((await api.metalctl("machine", "ls", "--projct", "x")).stderr).toContain("Did you mean --project?");
  });

  it("takes the original's durations and times for the audit trail, and unfolds bodies", async () => {
    api.answers["POST /metal/v1/audit/find"] = [200, [{ rqid: "r", body: JSON.stringify('{"a":1}') }]];
    await api.metalctl(
      "audit",
      "ls",
      "--from",
      "1h30m",
      "--to",
      "2026-11-23 10:00:00",
      "--status-code",
      "409",
      "-q",
      "x",
    );
    const { from, ...rest } = api.calls[0]!.body as { from: string };
    expect(Math.abs(Date.now() - 5_400_000 - Date.parse(from))).toBeLessThan(300_000);
    expect(rest).toEqual({ body: "x", status_code: 409, to: "2026-11-23T10:00:00.000Z", limit: 100 });
    expect((await api.metalctl("audit", "describe", "r", "--prettify-body")).stdout).toContain('      "a": 1');
    expect((await api.metalctl("audit", "ls", "--limit", "few")).stderr).toContain("--limit must be");
  });
});
