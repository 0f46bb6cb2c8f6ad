import { execFileSync } from "node:child_process";
import { create } from "@bufbuild/protobuf";
import { agent } from "@metal-stack/protocol";
import * as fc from "fast-check";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { addresses, installEnv, installYaml, userData, type ContractFacts } from "./contract.ts";

const leaf = { mac: "00:11:22:33:44:55", identifier: "00:11:22:33:44:55", name: "swp1", hostname: "leaf01" };

function facts(order: Record<string, unknown> = {}): ContractFacts {
  return {
    order: create(agent.InstallSchema, {
      hostname: "first",
      role: "machine",
      sshPublicKeys: ["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"],
      dnsServers: ["10.0.0.1"],
      ntpServers: ["ntp.example"],
      networks: [
        {
          networkId: "private",
          prefixes: ["10.1.0.0/22", "2001:db8::/64"],
          ips: ["10.1.0.5", "2001:db8::5"],
          vrf: 100,
          asn: 4_200_000_001,
          private: true,
          networkType: "privateprimaryunshared",
        },
        {
          networkId: "internet",
          prefixes: ["198.51.100.0/24"],
          ips: ["198.51.100.7"],
          networkType: "external",
          nat: true,
        },
      ],
      ...order,
    }),
    machine: {
      uuid: "a1b2c3d4-0000-4000-8000-0123456789ab",
      nics: [
        { name: "eth0", mac: "52:54:00:00:00:01", neighbors: [leaf] },
        { name: "eth1", mac: "52:54:00:00:00:02", neighbors: [leaf] },
        { name: "eth2", mac: "52:54:00:00:00:03", neighbors: [] },
      ],
      console: "ttyS0",
      firmware: "bios",
      consolePassword: "it's a secret",
      hammerVersion: "1.0",
    },
    rootUuid: "5befff10-f918-45ec-9b63-1a4965bcb2ec",
    primaryDisk: "/dev/vda",
    timestamp: new Date("2026-11-23T17:00:00Z"),
  };
}

describe("what the image's installer is told", () => {
  it("is install.yaml with the original's keys", () => {
    expect(load(installYaml(facts()))).toMatchObject({
      hostname: "first",
      machineuuid: "a1b2c3d4-0000-4000-8000-0123456789ab",
      sshpublickey: "ssh-ed25519 AAAA one\nssh-ed25519 BBBB two",
      password: "it's a secret",
      console: "ttyS0",
      timestamp: "2026-11-23T17:00:00.000Z",
      role: "machine",
      raidenabled: false,
      root_uuid: "5befff10-f918-45ec-9b63-1a4965bcb2ec",
      dns_servers: [{ ip: "10.0.0.1" }],
      ntp_servers: [{ address: "ntp.example" }],
      nics: [
        { mac: "52:54:00:00:00:01", name: "eth0", neighbors: [{ mac: "00:11:22:33:44:55", name: "swp1" }] },
        { mac: "52:54:00:00:00:02", name: "eth1" },
      ],
      networks: [
        { networkid: "private", asn: 4_200_000_001, vrf: 100, private: true, networktype: "privateprimaryunshared" },
        { networkid: "internet", nat: true, ips: ["198.51.100.7"] },
      ],
    });
  });

  it("is the same for a shell, whatever the values hold", () => {
    const read = (env: string, name: string): string =>
      execFileSync("/bin/sh", ["-c", `${env}\nprintf %s "$${name}"`], { encoding: "utf8" });
    const env = installEnv(facts());
    expect(read(env, "METAL_PASSWORD")).toBe("it's a secret");
    expect(read(env, "METAL_SSH_KEYS")).toBe("ssh-ed25519 AAAA one\nssh-ed25519 BBBB two");
    expect(read(env, "METAL_LAN_MACS")).toBe("52:54:00:00:00:01 52:54:00:00:00:02");
    expect(read(env, "METAL_ADDRESSES")).toBe("10.1.0.5/22 2001:db8::5/64 198.51.100.7/32");
    const nasty = fc.string({ unit: fc.constantFrom("'", '"', "$", "`", "\\", "\n", ";", " ", "a", "é") });
    fc.assert(
      fc.property(nasty, (hostname) => {
        expect(read(installEnv(facts({ hostname })), "METAL_HOSTNAME")).toBe(hostname);
      }),
      { numRuns: 30 },
    );
  });

  it("gives an address outside the network's prefixes as a host address", () => {
    const network = create(agent.NetworkSchema, {
      private: true,
      prefixes: ["10.1.0.0/22"],
      ips: ["10.9.0.1", "2001:db8::1"],
    });
    expect(addresses([network])).toEqual(["10.9.0.1/32", "2001:db8::1/128"]);
  });
});

describe("user data", () => {
  it("is decoded when it is base64, and kept when it is not", () => {
    for (const text of [
      "#!/bin/sh\necho hi\n",
      "#cloud-config\nruncmd: []\n",
      '{"ignition":{"version":"2.3.0"}}',
      "",
    ]) {
      expect(userData(text).toString()).toBe(text);
      expect(userData(Buffer.from(text).toString("base64")).toString()).toBe(text);
    }
  });

  it("survives as base64, byte by byte", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        expect(new Uint8Array(userData(Buffer.from(bytes).toString("base64")))).toEqual(bytes);
      }),
    );
  });
});
