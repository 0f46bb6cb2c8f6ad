import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it, test } from "vitest";
import { firewallRules } from "./rules-firewall.ts";
import { preferredRacks, type RackUse } from "./rules-racks.ts";
import { checkContent, checkTarget, wantedNetworks } from "./rules-request.ts";
import { sshKeyProblem } from "./rules-ssh.ts";

/** "1[c,p]" is a machine in rack 1 with the tags c and p. */
function uses(text: string, tags: readonly string[]): RackUse[] {
  const machines = [...text.matchAll(/(\d)(?:\[([a-z0-9,]+)\])?/g)].map(([, rackId, carried = ""]) => ({
    rackId: rackId!,
    tagged: carried.split(",").filter((tag) => tags.includes(tag)).length,
  }));
  return [...Map.groupBy(machines, ({ rackId }) => rackId)].map(([rackId, inRack]) => ({
    rackId,
    machines: inRack.length,
    tagged: inRack.reduce((sum, { tagged }) => sum + tagged, 0),
  }));
}

describe("spreading over racks (reference/machine-lifecycle.md 11.1)", () => {
  test.each([
    ["12", "", "", "12"],
    ["12", "1 1 2[t]", "", "2"],
    ["1", "1 1 2", "", "1"],
    ["12", "1[t1] 2[x] 2", "t1", "2"],
    ["12", "1 2[x] 2", "t1", "1"],
    ["123", "1[c] 2[c] 2 3[c,p]", "c,p", "1"],
    ["123", "1[c] 2[c] 3[p]", "c,p", "123"],
    ["123", "1[c] 2[c] 3[c,p]", "c,p", "12"],
    ["3", "1 2[x] 3 3[x] 1", "x", "3"],
    ["3222222", "1[t] 2[t] 2[t] 3[t] 3[t] 1 1 2", "t", "3"],
    ["123", "1 1 1 2 2 3 3", "", "23"],
  ])(
    "racks %s have machines, the project has %s, placement tags %s: racks %s",
    (available, project, tags, expected) => {
      const racks = preferredRacks(available.split(""), uses(project, tags.split(",")));
      expect(racks.toSorted().join("")).toBe(expected);
    },
  );
});

describe("SSH keys", () => {
  const { publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const text = (value: string) => Buffer.concat([Buffer.from([0, 0, 0, value.length]), Buffer.from(value)]);
  const blob = Buffer.concat([text("ssh-ed25519"), Buffer.from([0, 0, 0, 32]), raw]).toString("base64");
  const certificate = "ssh-ed25519-cert-v01@openssh.com";
  const signed = Buffer.concat([text(certificate), Buffer.from([0, 0, 0, 32]), raw]).toString("base64");
  it.each([
    `ssh-ed25519 ${blob}`,
    `ssh-ed25519 ${blob} me@home`,
    `no-pty,command="x y" ssh-ed25519 ${blob}`,
    `${certificate} ${signed}`,
  ])("%s is one", (line) => expect(sshKeyProblem(line)).toBeUndefined());
  it.each([
    ["", "no key found"],
    ["wrong", "no key found"],
    ["ssh-ed25519", "the key is not base64"],
    ["ssh-ed25519 not+base64!", "the key is not base64"],
    [`ssh-rsa ${blob}`, "the key is of another type than it says"],
    [`ssh-ed25519 ${text("ssh-ed25519").toString("base64")}`, "the key is cut off"],
    [`ssh-ed25519 ${"A".repeat(20_000)}`, "longer than 16384 characters"],
  ])("%.30s is none: %s", (line, problem) => expect(sshKeyProblem(line)).toBe(problem));
});

describe("a request", () => {
  const network = { networkid: "n" };
  test.each([
    [{}, "network ids cannot be nil"],
    [{ networks: [] }, "network ids cannot be empty"],
    [{ networks: [network] }, "when no machine id is given, a partition id must be specified"],
    [{ networks: [network], partitionid: "p" }, "when no machine id is given, a size id must be specified"],
    [{ networks: [network], uuid: "u" }, "project id must be specified"],
    [{ networks: [network], uuid: "u", projectid: "p", ips: ["42"] }, '"42" is not a valid IP address'],
    [
      { networks: [network], uuid: "u", projectid: "p", ssh_pub_keys: ["wrong"] },
      "invalid public SSH key: wrong error:no key found",
    ],
    [
      { networks: [{ ...network, autoacquire: false }], uuid: "u", projectid: "p" },
      "missing ip(s) for network(s) without automatic ip allocation",
    ],
  ])("%j is refused: %s", (request, message) => {
    expect(() => {
      const networks = wantedNetworks(request);
      checkTarget(request);
      checkContent(request, "machine", networks, "me@metal");
    }).toThrow(message);
  });

  it("for a firewall needs an address from somewhere", () => {
    const request = { projectid: "p", networks: [{ networkid: "n", autoacquire: false }] };
    expect(() => checkContent(request, "firewall", wantedNetworks(request), "me")).toThrow(
      "when no ip is given at least one auto acquire network must be specified",
    );
  });

  it("may write addresses in any form", () => {
    const request = { projectid: "p", networks: [{ networkid: "n" }], ips: ["2001:DB8::0:1"] };
    expect(checkContent(request, "machine", wantedNetworks(request), "me")).toEqual(["2001:db8::1"]);
  });
});

describe("firewall rules", () => {
  it("get their defaults", () => {
    expect(firewallRules(undefined)).toBeNull();
    expect(firewallRules({ egress: [], ingress: [] })).toBeNull();
    expect(firewallRules({ egress: [{ protocol: "UDP", to: ["10.0.0.0/8"] }] })).toEqual({
      egress: [{ protocol: "udp", ports: [], to: ["10.0.0.0/8"] }],
      ingress: [],
    });
  });
  test.each([
    [{ egress: [{ protocol: "sctp" }] }, "no such protocol: sctp"],
    [{ egress: [{ comment: "a;b" }] }, "egress rule with error:illegal character in comment"],
    [{ egress: [{ comment: "a".repeat(101) }] }, "egress rule with error:comments can not exceed 100 characters"],
    [{ egress: [{ ports: [70000] }] }, "egress rule with error:port is out of range"],
    [{ ingress: [{ from: ["10.0.0.1"] }] }, "ingress rule with error:invalid cidr: 10.0.0.1"],
    [{ ingress: [{ from: ["10.0.0.0/8"], to: ["::/0"] }] }, "ingress rule with error:mixed address family"],
    [{ egress: [{ ports: [-1], protocol: "y" }], ingress: [{ protocol: "x" }] }, "no such protocol: y"],
    [{ egress: [{ ports: [-1] }], ingress: [{ protocol: "x" }] }, "egress rule with error:port is out of range"],
  ])("%j is refused: %s", (rules, message) => expect(() => firewallRules(rules)).toThrow(message));
});
