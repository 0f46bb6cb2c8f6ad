// A whole partition's wiring, built, used and taken down in namespaces of this test's own: as root, and as an ordinary user.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

const isRoot = process.getuid?.() === 0;
const AS_ROOT = ["unshare", "--net", "--mount"];
const AS_USER = ["unshare", "--user", "--map-root-user", "--net", "--mount"];
/** Root becomes nobody, where /dev/net/tun is open to everybody as it is on an ordinary machine. */
const AS_NOBODY = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  `mount -t tmpfs none /mnt && mknod -m 666 /mnt/tun c 10 200 && mount --bind /mnt/tun /dev/net/tun && cd / &&
   exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"`,
  "sh",
  ...AS_USER,
];

function canRun(words: readonly string[]): boolean {
  return (
    spawnSync(words[0]!, [
      ...words.slice(1),
      process.execPath,
      "-e",
      `require("fs").accessSync(${JSON.stringify(import.meta.filename)})`,
    ]).status === 0
  );
}

/** What a leaf's agent would do for the boot network, and for a tenant's network 7 between both leaves. */
const STORY = `
const { createFabric } = await import(${JSON.stringify(new URL("fabric.ts", import.meta.url))});
const { execFileSync } = await import("node:child_process");
const sh = (script) => execFileSync("sh", ["-c", script], { encoding: "utf8" });
const seen = {};
const check = (what, script) => { try { seen[what] = sh(script).trim(); } catch (error) { seen[what] = "FAILED " + error.stderr; } };

const nics = (id, port) => ["leaf01", "leaf02"].map((leaf, index) => ({ leaf, port, tap: id + "-eth" + index }));
const fabric = await createFabric({
  leaves: [{ id: "leaf01" }, { id: "leaf02" }],
  servers: [{ id: "m1", nics: nics("m1", "swp1"), bmcAddress: "10.254.0.11" }, { id: "m2", nics: nics("m2", "swp2") }],
});
seen.leaves = fabric.leaves;
check("ports", "ip netns exec leaf01 ls /sys/class/net | grep swp | sort | tr '\\\\n' ' '");
check("management", "ip netns exec leaf01 ping -c1 -w5 172.31.0.1 && ip netns exec mgmt ping -c1 -w5 172.31.0.1");
check("bmc", "ip netns exec mgmt ping -c1 -w5 10.254.0.11");
check("underlay", "ip netns exec leaf01 ping -c1 -w5 -M do -s 9188 -I 10.252.0.11 10.252.0.12");

sh("ip -n leaf01 link add brpxe type bridge && for link in brpxe swp1 swp10; do ip -n leaf01 link set $link up; done");
sh("for port in swp1 swp10; do ip -n leaf01 link set $port master brpxe; done");
check("lldp", \`
  rx() { ip netns exec leaf01 cat /sys/class/net/swp1/statistics/rx_packets; }
  before=$(rx)
  # The kernel notices some time later that somebody has plugged into the tap.
  for try in 1 2 3 4 5 6 7 8 9 10; do
    [ $(rx) -eq $before ] || break
    printf '\\\\001\\\\200\\\\302\\\\0\\\\0\\\\016\\\\002\\\\0\\\\0\\\\0\\\\0\\\\001\\\\210\\\\314%046d' 0; sleep 0.2
  done | socat -u - TUN,tun-type=tap,tun-name=m1-eth0,iff-no-pi
  [ $(rx) -gt $before ] && echo passes\`);
check("broadcast", \`
  { for try in 1 2 3 4 5 6; do
      sleep 0.3; echo hello everybody | ip netns exec mgmt socat -u - UDP4-DATAGRAM:255.255.255.255:68,broadcast
    done; } &
  timeout 2 socat -u TUN,tun-type=tap,tun-name=m1-eth0,iff-no-pi - | grep -ao 'hello everybody' | head -1; wait\`);

for (const [leaf, local, remote] of [["leaf01", 11, 12], ["leaf02", 12, 11]]) {
  sh("ip -n " + leaf + " link add br7 type bridge && ip -n " + leaf + " link add vni7 mtu 9000 type vxlan id 7 dstport 4789 local 10.252.0." + local + " remote 10.252.0." + remote);
  sh("ip -n " + leaf + " link set vni7 master br7 up && sleep 0.2 && ip -n " + leaf + " link set br7 up");
}
await Promise.all([
  fabric.attachHost({ name: "bastion16777215", vrf: 7, address: "10.9.0.1/24" }),
  fabric.attachHost({ name: "witness", leaf: "leaf02", vrf: 7, address: "10.9.0.2/24" }),
]);
check("tenant", "ip netns exec bastion16777215 ping -c1 -w5 -M do -s 8900 10.9.0.2");
check("checksums", \`
  ip netns exec witness sh -c 'timeout 5 socat -u TCP-LISTEN:9,reuseaddr - | wc -c' & sleep 0.5
  ip netns exec bastion16777215 sh -c 'head -c 5000000 /dev/zero | socat -u - TCP:10.9.0.2:9'; wait\`);
await fabric.detachHost("witness");
await fabric.destroy();
check("left", "ip -j link | grep -o '\\"ifname\\":\\"[^\\"]*\\"' | grep -vE 'lo|tunl0|sit0|gre|ip6|ip_vti' || true; ip netns list");
console.log(JSON.stringify(seen));
`;

const ways = [
  { who: "root", words: AS_ROOT, possible: isRoot },
  { who: "an ordinary user", words: isRoot ? AS_NOBODY : AS_USER, possible: true },
];

describe.each(ways.filter(({ words, possible }) => possible && canRun(words)))(
  "the wiring, built by $who",
  ({ words }) => {
    it("carries what it shall, and leaves nothing behind", () => {
      const run = spawnSync(words[0]!, [...words.slice(1), process.execPath, "--input-type=module", "-e", STORY], {
        encoding: "utf8",
        timeout: 60_000,
      });
      expect(run.stderr).toBe("");
      const seen = JSON.parse(run.stdout) as Record<string, string>;
      expect(seen).toMatchObject({
        leaves: [
          { id: "leaf01", env: { METAL_CORE_BOOT_PORTS: "swp10", METAL_CORE_VTEP_ADDRESS: "10.252.0.11" } },
          { id: "leaf02", env: { METAL_CORE_BOOT_PORTS: "", METAL_CORE_VTEP_ADDRESS: "10.252.0.12" } },
        ],
        ports: "swp1 swp10 swp2",
        lldp: "passes",
        broadcast: "hello everybody",
        checksums: "5000000",
        left: "",
      });
      for (const ping of ["management", "bmc", "underlay", "tenant"]) expect(seen[ping]).toContain("1 received");
    });
  },
);

it("refuses the host's own namespace", { skip: process.platform !== "linux" }, async () => {
  const { createFabric } = await import("./fabric.ts");
  // Whatever machine this runs on, it has a network card that is up; if not, there is nothing to protect.
  const links = spawnSync("ip", ["-br", "link", "show", "up"], { encoding: "utf8" }).stdout;
  if (!/^(?!lo\b)\S+/m.test(links)) return;
  await expect(createFabric({ leaves: [], servers: [] })).rejects.toThrow("not a private network namespace");
});
