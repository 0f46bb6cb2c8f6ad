// What the original's flags of networks, addresses, tenants, partitions and switches ask of the API.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeApi, fakeApi } from "./testing/fake-api.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await fakeApi();
});
beforeEach(() => api.forget());
afterAll(() => api.close());

const lines = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/ {2,}/));

describe("metalctl", () => {
  it("adds and removes prefixes of a network, and forces only when it is really meant", async () => {
    api.answers["GET /metal/v1/network/n"] = [200, { id: "n", prefixes: ["10.0.0.0/8", "11.0.0.0/8"] }];
    api.answers["POST /metal/v1/network"] = [200, { id: "n" }];
    api.answers["POST /metal/v1/network?force=true"] = [200, { id: "n" }];
    const change = ["--add-prefixes", "12.0.0.0/8", "--remove-prefixes", "10.0.0.0/8"];
    expect((await api.metalctl("network", "update", "n", "--name", "new", ...change)).code).toBe(0);
    await api.metalctl("network", "update", "n", "--labels", "a=b", "--yes-i-really-mean-it");
    expect(api.calls.filter(({ method }) => method === "POST").map(({ body }) => body)).toEqual([
      { id: "n", name: "new", prefixes: ["11.0.0.0/8", "12.0.0.0/8"] },
      { id: "n", labels: { a: "b" } },
    ]);
    expect((await api.metalctl("network", "update", "n", "--remove-prefixes", "9.0.0.0/8")).stderr).toContain(
      'cannot remove "9.0.0.0/8"',
    );
  });

  it("finds addresses that nobody seems to need", async () => {
    const tags = (id: string) => [`machine.metal-stack.io/id=${id}`];
    api.answers["GET /metal/v1/machine"] = [
      200,
      [{ id: "m", liveliness: "Alive", allocation: { name: "web" }, events: { log: [{ event: "Phoned Home" }] } }],
    ];
    api.answers["GET /metal/v1/ip"] = [
      200,
      [
        { ipaddress: "10.0.0.1", type: "ephemeral", description: "autoassigned", tags: [] },
        { ipaddress: "10.0.0.2", type: "ephemeral", name: "metallb-1" },
        { ipaddress: "10.0.0.3", type: "ephemeral", tags: tags("gone") },
        { ipaddress: "10.0.0.4", type: "ephemeral", name: "db", tags: tags("m") },
        { ipaddress: "10.0.0.5", type: "ephemeral", name: "web", tags: tags("m") },
        { ipaddress: "10.0.0.6", type: "static", description: "autoassigned" },
      ],
    ];
    const { stdout } = await api.metalctl("network", "ip", "issues");
    expect(
      lines(stdout)
        .slice(1)
        .map((line) => line.slice(0, 2)),
    ).toEqual([
      ["10.0.0.1", "autoassigned, but no tags"],
      ["10.0.0.2", "metallb ip without tags"],
      ["10.0.0.3", "bound to unallocated machine"],
      ["10.0.0.4", "hostname mismatch"],
    ]);
  });

  it("creates tenants with quotas, and partitions with servers", async () => {
    api.answers["PUT /metal/v1/tenant"] = [201, {}];
    api.answers["PUT /metal/v1/partition"] = [201, {}];
    await api.metalctl("tenant", "create", "--id", "t", "--annotations", "a=b", "--labels", "l", "--ip-quota", "3");
    await api.metalctl("partition", "create", "--id", "p", "--dnsservers", "1.1.1.1,8.8.8.8", "--ntpservers", "pool");
    expect(api.calls.map(({ body }) => body)).toEqual([
      { meta: { id: "t", annotations: { a: "b" }, labels: ["l"] }, quotas: { ip: { quota: 3 } } },
      { id: "p", dns_servers: [{ ip: "1.1.1.1" }, { ip: "8.8.8.8" }], ntp_servers: [{ address: "pool" }] },
    ]);
  });

  it("shows the filters of switch ports, and deletes a switch by force", async () => {
    const leaf = {
      id: "leaf01",
      rack_id: "r1",
      partition: { id: "lab" },
      nics: [{ name: "swp1", filter: { vnis: ["104009", "104010"], cidrs: ["10.0.0.0/24"] } }],
      connections: [{ nic: { name: "swp1" }, machine_id: "m-1" }],
    };
    api.answers["POST /metal/v1/switch/find"] = [200, [leaf]];
    api.answers["DELETE /metal/v1/switch/leaf01?force=true"] = [200, leaf];
    api.answers["GET /metal/v1/switch/leaf01"] = [200, { ...leaf, console_command: "echo telnet 7008" }];
    expect(lines((await api.metalctl("switch", "detail", "--rack", "r1")).stdout)).toEqual([
      ["PARTITION", "RACK", "SWITCH", "PORT", "MACHINE", "VNI - FILTER", "CIDR - FILTER"],
      ["lab", "r1", "leaf01", "swp1", "m-1", "104009", "10.0.0.0/24"],
      ["104010"],
    ]);
    expect((await api.metalctl("switch", "delete", "leaf01", "--force")).code).toBe(0);
    expect((await api.metalctl("switch", "console", "leaf01")).stdout).toBe("telnet 7008\n");
    expect((await api.metalctl("switch", "ssh", "leaf01")).stderr).toContain("restart metal-core");
  });
});
