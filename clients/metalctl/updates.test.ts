// What metalctl does to switches, to what is installed on machines, and with keys of a VPN.
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

const asked = () => api.calls.map(({ method, path, body }) => [`${method} ${path}`, body]);

describe("metalctl firmware", () => {
  it("lists, uploads and deletes", async () => {
    const board = { BoardRevisions: { "X11DPT-B": ["3.3", "3.4"] } };
    const revisions = { bmc: { VendorRevisions: {} }, bios: { VendorRevisions: { supermicro: board } } };
    api.answers["GET /metal/v1/firmware?kind=bios"] = [200, { revisions }];
    const { stdout } = await api.metalctl("firmware", "ls", "--kind", "bios", "--no-headers");
    expect(stdout.trim().split(/\s*\n\s*/)).toHaveLength(2);
    expect(stdout).toMatch(/bios\s+supermicro\s+X11DPT-B\s+3\.4/);

    const file = join(api.folder, "bios.bin");
    writeFileSync(file, "the firmware");
    const path = "/metal/v1/firmware/bios/supermicro/X11DPT-B/3.4";
    api.answers[`PUT ${path}`] = [200, null];
    const named = ["--vendor", "supermicro", "--board", "X11DPT-B", "--revision", "3.4"];
    expect(await api.metalctl("firmware", "upload", "bios", file, ...named)).toMatchObject({ code: 0, stderr: "" });
    expect(api.calls.at(-1)!.body).toMatch(/name="file"; filename="file"\r\n\r\nthe firmware\r\n--metal-.*--\r\n$/);
    expect((await api.metalctl("firmware", "upload", "bios", "/nowhere", ...named)).code).not.toBe(0);

    api.answers[`DELETE ${path}`] = [200, null];
    expect((await api.metalctl("firmware", "delete", "--kind", "bios", ...named)).code).toBe(0);
  });

  it("goes to a machine only when it is really meant", async () => {
    api.answers["POST /metal/v1/machine/update-firmware/m-1"] = [200, { id: "m-1" }];
    const update = ["machine", "update-firmware", "bmc", "m-1", "--revision", "2"];
    expect((await api.metalctl(...update)).code).not.toBe(0);
    expect(api.calls).toEqual([]);
    expect((await api.metalctl(...update, "--yes-i-really-mean-it")).code).toBe(0);
    expect(api.calls[0]!.body).toEqual({ kind: "bmc", revision: "2", description: "" });
  });
});

it("metalctl machine reinstall names the image", async () => {
  api.answers["POST /metal/v1/machine/m-1/reinstall"] = [200, { id: "m-1" }];
  expect((await api.metalctl("machine", "reinstall", "m-1", "--image", "debian-13")).code).toBe(0);
  expect(api.calls[0]!.body).toEqual({ id: "m-1", imageid: "debian-13" });
});

it("metalctl vpn key prints the key", async () => {
  api.answers["POST /metal/v1/vpn/authkey"] = [200, { address: "https://vpn", auth_key: "hskey-1" }];
  expect((await api.metalctl("vpn", "key", "--project", "p1", "--reason", "incident")).stdout).toBe("hskey-1\n");
  expect(api.calls[0]!.body).toEqual({ pid: "p1", reason: "incident", ephemeral: true });
});

describe("metalctl switch", () => {
  const nic = { name: "swp1", identifier: "leaf01 swp1", actual: "DOWN" };
  const connections = [{ nic: { ...nic, actual: "UP" }, machine_id: "m-1" }];
  const leaf = { id: "leaf01", rack_id: "r1", console_command: "ssh", nics: [nic], connections };

  it("replaces without forgetting the console, and migrates", async () => {
    api.answers["GET /metal/v1/switch/leaf01"] = [200, leaf];
    api.answers["POST /metal/v1/switch"] = [200, leaf];
    expect((await api.metalctl("switch", "replace", "leaf01")).code).toBe(0);
    api.answers["POST /metal/v1/switch/migrate"] = [200, leaf];
    expect((await api.metalctl("switch", "migrate", "leaf01", "leaf03")).code).toBe(0);
    expect(asked().slice(1)).toEqual([
      ["POST /metal/v1/switch", { id: "leaf01", rack_id: "r1", console_command: "ssh", mode: "replace" }],
      ["POST /metal/v1/switch/migrate", { old_switch_id: "leaf01", new_switch_id: "leaf03" }],
    ]);
  });

  it("shows connected machines and ports, and sets ports", async () => {
    api.answers["POST /metal/v1/switch/find"] = [200, [leaf]];
    api.answers["POST /metal/v1/machine/ipmi/find"] = [200, [{ id: "m-1", size: { id: "small" } }]];
    const { stdout } = await api.metalctl("switch", "connected-machines", "--rack", "r1", "--no-headers");
    expect(stdout).toMatch(/^leaf01 +r1\n└─╴m-1 +swp1 +leaf01 swp1 +small/);
    api.answers["POST /metal/v1/switch/leaf01/port"] = [200, leaf];
    const port = await api.metalctl("switch", "port", "down", "leaf01", "--port", "swp1", "-o", "table");
    expect(port.stdout).toMatch(/^swp1\s+DOWN\s+UP/m);
    expect(api.calls.at(-1)!.body).toEqual({ nic: "swp1", status: "DOWN" });
  });
});
