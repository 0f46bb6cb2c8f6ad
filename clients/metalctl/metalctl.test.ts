import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeApi, fakeApi } from "./testing/fake-api.ts";

const MACHINE = {
  id: "m-1",
  liveliness: "Alive",
  size: { id: "v1-small-x86" },
  partition: { id: "lab" },
  rackid: "rack-1",
  allocation: {
    hostname: "web",
    project: "p1",
    created: new Date(Date.now() - 65_000).toISOString(),
    image: { id: "debian-12", name: "Debian 12" },
  },
  events: {
    log: [{ event: "Phoned Home", time: new Date(Date.now() - 5_000).toISOString(), message: "" }],
    last_event_time: new Date(Date.now() - 5_000).toISOString(),
  },
};

let api: FakeApi;
beforeAll(async () => {
  api = await fakeApi();
});
beforeEach(() => api.forget());
afterAll(() => api.close());

describe("metalctl", () => {
  it("lists machines as a table, signed with the context's key", async () => {
    api.answers["GET /metal/v1/machine"] = [200, [MACHINE]];
    const { stdout, code } = await api.metalctl("machine", "ls");
    expect(code).toBe(0);
    expect(api.calls[0]!.authorization).toMatch(/^Metal-Admin [0-9a-f]{64}$/);
    const [header, row] = stdout.split("\n");
    expect(header).toMatch(/^ID\s+LAST EVENT\s+WHEN\s+AGE\s+HOSTNAME\s+PROJECT\s+SIZE\s+IMAGE\s+PARTITION\s+RACK$/);
    expect(row).toMatch(/^m-1\s+Phoned Home\s+\d+s\s+[12]m \d+s\s+web\s+p1\s+v1-small-x86\s+Debian 12\s+lab\s+rack-1$/);
  });

  it("takes values of switches as the original does", async () => {
    api.answers["POST /metal/v1/network/find"] = [200, []];
    api.answers["POST /metal/v1/vpn/authkey"] = [200, { auth_key: "k" }];
    await api.metalctl("network", "ls", "--nat=false", "--underlay=true");
    const headless = await api.metalctl("network", "ls", "--nat", "--no-headers=true");
    expect(headless.stdout).toBe("");
    for (const ephemeral of ["--ephemeral", "--ephemeral=false", "--no-ephemeral"])
      await api.metalctl("vpn", "key", "--project", "p", "--reason", "r", ephemeral);
    expect(api.calls.map(({ body }) => body)).toEqual([
      { nat: false, underlay: true },
      { nat: true },
      { pid: "p", reason: "r", ephemeral: true },
      { pid: "p", reason: "r", ephemeral: false },
      { pid: "p", reason: "r", ephemeral: false },
    ]);
    expect((await api.metalctl("size", "ls", "--nat=false")).stderr).toContain("unknown option '--nat=false'");
    expect((await api.metalctl("network", "describe", "n", "--nat=false")).stderr).toContain("unknown option '--nat'");
  });

  it("logs in with the user's own key when none is given, and refuses a machine that nobody could log in to", async () => {
    api.answers["POST /metal/v1/machine/allocate"] = [200, MACHINE];
    const words = "machine create --id m --project p --image i --networks n --hostname h".split(" ");
    expect((await api.metalctl(...words)).stderr).toMatch(/^Error: --sshpublickey is not given, .*\nNext: /);
    mkdirSync(join(api.folder, ".ssh"));
    writeFileSync(join(api.folder, ".ssh", "id_rsa.pub"), "ssh-rsa old\n");
    writeFileSync(join(api.folder, ".ssh", "id_ed25519.pub"), "ssh-ed25519 mine\n");
    expect((await api.metalctl(...words)).stderr).toMatch(/^log in with the key of .*id_ed25519\.pub/);
    await api.metalctl(...words, "-p", "@~/.ssh/id_rsa.pub");
    expect(api.calls.map(({ body }) => (body as { ssh_pub_keys: string[] }).ssh_pub_keys)).toEqual([
      ["ssh-ed25519 mine"],
      ["ssh-rsa old"],
    ]);
  });

  it("helps with the command that all words behind help name", async () => {
    expect((await api.metalctl("help", "machine", "why")).stdout).toMatch(
      /^Usage: metalctl machine why \[options\] <id>\n/,
    );
  });

  it("asks find when there are filters", async () => {
    api.answers["POST /metal/v1/machine/find"] = [200, []];
    await api.metalctl("machine", "list", "--project", "p1", "--size", "s");
    expect(api.calls[0]!.body).toEqual({ allocation_project: "p1", sizeid: "s" });
  });

  it("allocates with the original's flags", async () => {
    api.answers["POST /metal/v1/machine/allocate"] = [200, MACHINE];
    const { code } = await api.metalctl(
      "machine",
      "create",
      "-H",
      "web",
      "-P",
      "p1",
      "-S",
      "lab",
      "-s",
      "v1-small-x86",
      "-i",
      "debian-12",
      "--networks",
      "net1,net2:noauto",
      "--tags",
      "a",
      "--tags",
      "b,c=d",
      "--ips",
      "10.0.0.9",
      "--userdata",
      "hello",
      "-p",
      "ssh-ed25519 AAAA me",
    );
    expect(code).toBe(0);
    expect(api.calls[0]!.body).toMatchObject({
      projectid: "p1",
      networks: [
        { networkid: "net1", autoacquire: true },
        { networkid: "net2", autoacquire: false },
      ],
      ips: ["10.0.0.9"],
      tags: ["a", "b", "c=d"],
      user_data: Buffer.from("hello").toString("base64"),
      ssh_pub_keys: ["ssh-ed25519 AAAA me"],
    });
  });

  it("says what is missing before it asks the API", async () => {
    const { code, stderr } = await api.metalctl(
      "machine",
      "create",
      "-H",
      "web",
      "-P",
      "p1",
      "-i",
      "debian-12",
      "--networks",
      "n",
    );
    expect(code).toBe(1);
    expect(stderr).toContain("--size and --partition");
    expect(api.calls).toEqual([]);
  });

  it("prints the API's own words of an error, and fails", async () => {
    api.answers["GET /metal/v1/size/x"] = [
      404,
      JSON.stringify({ statuscode: 404, message: 'NotFound no size with id "x" found' }),
    ];
    const { code, stderr } = await api.metalctl("size", "describe", "x");
    expect(code).toBe(1);
    expect(stderr).toBe(
      'Error: NotFound no size with id "x" found (HTTP 404)\nNext: see what there is: metalctl size list\n',
    );
  });

  it("applies: creates, and updates what exists", async () => {
    writeFileSync(join(api.folder, "sizes.yaml"), "id: a\nname: one\n---\nid: b\nname: two\n");
    api.answers["PUT /metal/v1/size"] = [409, JSON.stringify({ statuscode: 409, message: "Conflict" })];
    api.answers["POST /metal/v1/size"] = [200, { id: "a" }];
    const { code, stdout } = await api.metalctl("size", "apply", "-f", "sizes.yaml");
    expect(code).toBe(0);
    expect(api.calls.map((call) => `${call.method} ${(call.body as { id: string }).id}`)).toEqual([
      "PUT a",
      "POST a",
      "PUT b",
      "POST b",
    ]);
    expect(stdout).toBe("applied a\napplied a\n");
  });

  it("frees, powers and identifies", async () => {
    api.answers["DELETE /metal/v1/machine/m-1/free"] = [200, MACHINE];
    api.answers["POST /metal/v1/machine/m-1/power/cycle"] = [200, MACHINE];
    api.answers["POST /metal/v1/machine/m-1/power/chassis-identify-led-on?description=look%20here"] = [200, MACHINE];
    expect((await api.metalctl("machine", "delete", "m-1")).code).toBe(0);
    expect((await api.metalctl("machine", "power", "cycle", "m-1")).code).toBe(0);
    expect((await api.metalctl("machine", "identify", "on", "m-1", "-d", "look here")).code).toBe(0);
    expect((await api.metalctl("machine", "delete", "m-1", "--remove-from-database")).stderr).toContain(
      "--yes-i-really-mean-it",
    );
  });

  const inOneHour = () => new Date(Date.now() + 3_600_500).toISOString();
  const WHY = () => ({
    state: "quarantined",
    doing: "quarantined: /dev/sda: write error",
    since: new Date(Date.now() - 125_000).toISOString(),
    deadline: inOneHour(),
    next: "nothing by itself: it waits for an operator",
    actions: ["erase it again", "let it go"],
    also: ["its BMC was never heard"],
    facts: { liveliness: "Alive" },
  });

  it("explains a machine in sentences, also above its description", async () => {
    api.answers["GET /metal/v1/machine/m-1/why"] = [200, WHY()];
    api.answers["GET /metal/v1/machine/m-1"] = [200, MACHINE];
    const sentences = [
      /^It is quarantined: \/dev\/sda: write error\.$/,
      /^Also: {6}its BMC was never heard$/,
      /^State: {5}quarantined for 2m \d+s$/,
      /^Deadline: {2}\S+Z, in (1h|59m \d+s)$/,
      /^Next: {6}nothing by itself: it waits for an operator$/,
      /^You can: {3}erase it again$/,
      /^ {11}let it go$/,
    ];
    const lines = (await api.metalctl("machine", "why", "m-1")).stdout.split("\n");
    sentences.forEach((sentence, line) => expect(lines[line]).toMatch(sentence));
    expect(lines.slice(sentences.length)).toEqual(["", "  liveliness: Alive", ""]);
    expect(JSON.parse((await api.metalctl("machine", "why", "m-1", "-o", "json")).stdout)).toMatchObject({
      actions: WHY().actions,
    });

    const described = (await api.metalctl("machine", "describe", "m-1")).stdout.split("\n");
    sentences.forEach((sentence, line) => expect(described[line]!.replace(/^# /, "")).toMatch(sentence));
    expect(described[sentences.length]).toBe("---");
    expect(JSON.parse((await api.metalctl("machine", "describe", "m-1", "-o", "json")).stdout)).toEqual(MACHINE);
  });

  it("says since when a deadline has passed", async () => {
    api.answers["GET /metal/v1/machine/m-1/why"] = [
      200,
      { ...WHY(), deadline: new Date(Date.now() - 3_600_500).toISOString() },
    ];
    expect((await api.metalctl("machine", "why", "m-1")).stdout).toMatch(/overdue for 1h/);
  });

  const RECORD = {
    id: "r1",
    recorded: "2026-11-23T12:00:00.000Z",
    disk: { name: "/dev/sda", serial: "S1", model: "M", size: 100 },
    method: "discard",
    attempts: ["nvme-format: refused"],
    sectorssampled: 18192,
    result: "refused",
    reason: "/dev/sda: 3 sectors read back speak against it",
    occasion: "first registration",
    allocationuuid: "",
    keyid: "k1",
  };

  it.each<[string, string]>([
    ["table", "2026-11-23T12:00:00.000Z  /dev/sda  S1      discard  18192    refused: /dev/sda: 3 sectors"],
    ["wide", "nvme-format: refused"],
    ["markdown", "| /dev/sda | S1     | discard |"],
    ["json", '"serial": "S1"'],
    ["yaml", "serial: S1"],
  ])("lists erase records as %s", async (format, shown) => {
    api.answers["GET /metal/v1/machine/m-1/erase-records"] = [200, [RECORD]];
    expect((await api.metalctl("machine", "erase-records", "m-1", "-o", format)).stdout).toContain(shown);
  });

  it("has a quarantined machine erased again, or let go without proof when that is really meant", async () => {
    api.answers["POST /metal/v1/machine/m-1/erase-retry"] = [200, MACHINE];
    api.answers["POST /metal/v1/machine/m-1/erase-override"] = [200, MACHINE];
    expect((await api.metalctl("machine", "erase-retry", "m-1")).code).toBe(0);
    expect((await api.metalctl("machine", "erase-override", "m-1")).stderr).toContain("--reason");
    const reason = ["--reason", "new disk"];
    expect((await api.metalctl("machine", "erase-override", "m-1", ...reason)).stderr).toContain(
      "--yes-i-really-mean-it",
    );
    expect((await api.metalctl("machine", "erase-override", "m-1", ...reason, "--yes-i-really-mean-it")).code).toBe(0);
    expect(api.calls.map(({ path, body }) => [path, body])).toEqual([
      ["/metal/v1/machine/m-1/erase-retry", {}],
      ["/metal/v1/machine/m-1/erase-override", { reason: "new disk" }],
    ]);
  });

  it("shows who did what", async () => {
    const entry = {
      timestamp: "2026-11-23T12:00:00.000Z",
      rqid: "r",
      path: "/v1/machine/m-1/erase-override",
      user: "ann",
    };
    api.answers["POST /metal/v1/audit/find"] = [200, [entry]];
    expect((await api.metalctl("audit", "ls", "--machine", "m-1", "--from", "2026-11-23T00:00:00Z")).stdout).toContain(
      "ann",
    );
    expect((await api.metalctl("audit", "describe", "r")).stdout).toContain("user: ann");
    expect((await api.metalctl("audit", "ls", "--from", "yesterday")).stderr).toContain(
      "neither a time nor a duration",
    );
    expect(api.calls.map(({ body }) => body)).toEqual([
      { machineid: "m-1", from: "2026-11-23T00:00:00.000Z", limit: 100 },
      { rqid: "r", phase: "response", from: "1970-01-01T00:00:00.001Z" },
    ]);
  });

  it.each([
    ["json", (text: string) => expect(JSON.parse(text)).toEqual([MACHINE])],
    ["yaml", (text: string) => expect(text).toMatch(/^---\n- allocation:\n[^]*\n  id: m-1\n/)],
    ["markdown", (text: string) => expect(text).toContain("| m-1 |")],
  ])("prints %s", async (format, check) => {
    api.answers["GET /metal/v1/machine"] = [200, [MACHINE]];
    check((await api.metalctl("machine", "ls", "-o", format)).stdout);
  });

  it("fills templates, leaves out what they make nothing of, and refuses a wrong one before it asks", async () => {
    api.answers["GET /metal/v1/machine"] = [200, [MACHINE, { id: "m-2" }]];
    const list = (template: string) => api.metalctl("machine", "ls", "-o", "template", "--template", template);
    expect((await list("{{ .id }} {{.size.id}}")).stdout).toBe("m-2 <no value>\nm-1 v1-small-x86\n");
    expect((await list("{{ if .size }}{{ .id | upper }}{{ end }}")).stdout).toBe("M-1\n");
    expect((await list("{{ if .nothing }}x{{ end }}")).stdout).toBe("");
    api.calls = [];
    expect((await list("{{ .id }}\n{{ range . }}")).stderr).toMatch(
      /^Error: --template, line 2, column 4: \{\{range\}\} is not ended: .*\n\n\{\{ range \. \}\}\n {3}\^\n\nNext: /,
    );
    expect(api.calls).toEqual([]);
  });

  it("allocates a certain address and frees it", async () => {
    api.answers["POST /metal/v1/ip/allocate/10.0.0.9"] = [201, { ipaddress: "10.0.0.9" }];
    await api.metalctl("network", "ip", "create", "--ipaddress", "10.0.0.9", "--network", "n", "--project", "p");
    expect(api.calls[0]!.body).toEqual({ networkid: "n", projectid: "p" });
  });
});
