// Changing machines, allocating firewalls, and the programs that reach their consoles.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeApi, fakeApi } from "./testing/fake-api.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await fakeApi();
  mkdirSync(join(api.folder, "bin"));
  // ssh and ipmitool that say how they were called.
  for (const name of ["ssh", "ipmitool"]) {
    const program = join(api.folder, "bin", name);
    writeFileSync(
      program,
      `#!/bin/sh\n[ -n "$SSH_ASKPASS" ] && echo "asks $($SSH_ASKPASS)"\necho ${name} "$@" "token=$LC_METAL_STACK_OIDC_TOKEN" "password=$IPMITOOL_PASSWORD"\n`,
    );
    chmodSync(program, 0o755);
  }
});
beforeEach(() => {
  api.forget();
  api.env = { PATH: `${join(api.folder, "bin")}:/usr/bin:/bin` };
});
afterAll(() => api.close());

describe("metalctl", () => {
  it("changes the tags of a machine and keeps its description", async () => {
    api.answers["GET /metal/v1/machine/m"] = [200, { id: "m", tags: ["a", "b"], allocation: { description: "web" } }];
    api.answers["POST /metal/v1/machine"] = [200, { id: "m" }];
    expect((await api.metalctl("machine", "update", "m", "--add-tags", "c", "--remove-tags", "a")).code).toBe(0);
    expect(api.calls.at(-1)!.body).toEqual({ id: "m", description: "web", tags: ["b", "c"] });
    expect((await api.metalctl("machine", "update", "m", "--remove-tags", "x")).stderr).toContain('cannot remove "x"');
  });

  it("opens consoles by ssh with the token, and by ipmitool with the BMC's password", async () => {
    api.answers["GET /metal/v1/machine/m/ipmi"] = [
      200,
      { id: "m", ipmi: { address: "10.1.0.9:6230", user: "metal", password: "secret", interface: "lanplus" } },
    ];
    expect((await api.metalctl("machine", "console", "m", "-i", "key", "--api-token", "T")).stdout).toBe(
      "ssh -t -p 5222 -i key -o SendEnv=LC_METAL_STACK_OIDC_TOKEN -l m -- 127.0.0.1 token=T password=\n",
    );
    expect((await api.metalctl("machine", "console", "m", "--admin", "--api-token", "T")).stdout).toMatch(
      /^asks T\nssh .* -o PubkeyAuthentication=no -l m -- 127\.0\.0\.1 token=T/,
    );
    expect((await api.metalctl("machine", "console", "m", "--ipmi")).stdout).toBe(
      "ipmitool -I lanplus -H 10.1.0.9 -p 6230 -U metal -E sol activate token= password=secret\n",
    );
    expect((await api.metalctl("machine", "ipmi", "events", "m", "-n", "3", "--ipmiuser", "root")).stdout).toBe(
      "ipmitool -I lanplus -H 10.1.0.9 -p 6230 -U root -E sel list last 3 token= password=secret\n",
    );
  });

  it("allocates a firewall with its rules, lists it and logs in to it", async () => {
    const found = {
      id: "f",
      partition: { id: "lab" },
      allocation: {
        hostname: "fw",
        project: "p1",
        networks: [
          { networkid: "private", ips: ["10.0.0.1"], private: true, underlay: false },
          { networkid: "internet", ips: ["192.0.2.1"], private: false, underlay: false },
        ],
      },
    };
    writeFileSync(join(api.folder, "rules.yaml"), "egress:\n- {protocol: tcp, ports: [443], to: [0.0.0.0/0]}\n");
    api.answers["POST /metal/v1/firewall/allocate"] = [200, found];
    api.answers["POST /metal/v1/firewall/find"] = [200, [found]];
    api.answers["GET /metal/v1/firewall/f"] = [200, found];
    const where = [
      "-H",
      "fw",
      "-P",
      "p1",
      "-S",
      "lab",
      "-s",
      "small",
      "-i",
      "firewall-3",
      "--networks",
      "private,internet",
    ];
    expect(
      (await api.metalctl("firewall", "create", ...where, "-p", "key", "--firewall-rules-file", "rules.yaml")).code,
    ).toBe(0);
    expect(api.calls[0]!.body).toMatchObject({
      hostname: "fw",
      firewall_rules: { egress: [{ protocol: "tcp", ports: [443], to: ["0.0.0.0/0"] }], ingress: [] },
    });
    expect((await api.metalctl("fw", "ls", "--project", "p1", "--no-headers")).stdout).toMatch(
      /^f +fw +p1 +private +10\.0\.0\.1 +lab\n +internet +192\.0\.2\.1\n$/,
    );
    // What describe prints makes another one.
    const rules = { egress: [], ingress: [{ protocol: "tcp", ports: [80], from: ["0.0.0.0/0"] }] };
    const described = { id: "f2", allocation: { hostname: "fw2", project: "p1", firewall_rules: rules } };
    writeFileSync(join(api.folder, "firewall.yaml"), JSON.stringify(described));
    api.calls = [];
    expect((await api.metalctl("firewall", "create", "-f", "firewall.yaml")).code).toBe(0);
    expect(api.calls[0]!.body).toMatchObject({ uuid: "f2", hostname: "fw2", projectid: "p1", firewall_rules: rules });
    expect((await api.metalctl("firewall", "ssh", "f")).stdout).toMatch(/^ssh -- metal@192\.0\.2\.1 /);
  });
});
