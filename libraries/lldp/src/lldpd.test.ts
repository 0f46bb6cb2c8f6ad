// We and Debian's lldpd at the two ends of a cable, in network namespaces of this test's own.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const EXAMPLE = fileURLToPath(new URL("../example/neighbours.ts", import.meta.url));
/** With process numbers of their own, so that nothing outlives the story's shell. */
const NAMESPACES = ["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
/** lldpd gives up its rights to a user of its own, which takes the real root. */
const able =
  process.getuid?.() === 0 &&
  spawnSync("unshare", [...NAMESPACES, "true"]).status === 0 &&
  ["socat", "lldpd"].every((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0);
if (!able) console.warn("SKIPPED: LLDP against lldpd needs root, network namespaces, lldpd and socat");

/** `$1` our way to raw Ethernet, `$2` our interface's place. Prints what the example prints, then what lldpd knows. */
const STORY = `
  set -e
  mount -t tmpfs none /run && mkdir /run/netns /run/lldpd
  ip link set lo up && ip netns add server
  ip link add swp1 type veth peer name lan0 netns server
  if [ "$2" = bridged ]; then
    ip link add br0 type bridge && ip link set swp1 master br0 && ip link set br0 up
  fi
  ip link set swp1 up && ip -n server link set lan0 up
  "$NODE" "$EXAMPLE" "$1" swp1 leaf01 > /run/heard & example=$!
  control() { lldpcli -u /run/lldpd/socket "$@" 2>/dev/null; }
  until_seen() { for attempt in $(seq 40); do "$@" && return; sleep 0.1; done; false; }
  # Now and then lldpd misses that its interface is up, and says nothing for ever: then another one is asked.
  for peer in 1 2 3 4 5; do
    ip netns exec server lldpd -d -u /run/lldpd/socket -D -I lan0 -S "Debian of a test" 2>/dev/null & lldpd=$!
    until_seen control configure lldp tx-interval 1 >/dev/null
    until_seen grep -q appeared /run/heard && break
    kill $lldpd; wait $lldpd || true
  done
  until_seen sh -c "lldpcli -u /run/lldpd/socket show neighbors 2>/dev/null | grep -q leaf01"
  ip maddr show dev swp1 | sed 's/^/maddr /'; ip -d link show type macvtap
  control show neighbors
  kill $lldpd; wait $lldpd || true
  until_seen grep -q disappeared /run/heard || true
  if [ "$3" = "interface goes down" ]; then ip link set swp1 down; else kill $example; fi
  wait $example
  cat /run/heard`;

async function story(...parameters: string[]): Promise<string> {
  const child = spawn("unshare", [...NAMESPACES, "sh", "-c", STORY, "story", ...parameters], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, EXAMPLE, NODE: process.execPath },
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await once(child, "close");
  return output;
}

describe.skipIf(!able)("lldpd and we hear each other, and we hear its goodbye", { timeout: 60_000 }, () => {
  it("through a packet socket on a bridge port, until the interface goes down", async () => {
    const output = await story("packet", "bridged", "interface goes down");
    expect(output).toMatch(/"change":"appeared".*"systemDescription":"Debian of a test"/);
    expect(output).toMatch(/maddr.*01:80:c2:00:00:0e/);
    expect(output).toMatch(/SysName: +leaf01/);
    expect(output).toMatch(/PortID: +ifname swp1/);
    expect(output).toMatch(/"change":"disappeared".*"ttl":0/);
    expect(output).not.toMatch(/"source":"02:00:00:00:00:01"/);
    expect(output).toMatch(/"closed":"swp1"/);
  });

  it("through a macvtap on a free interface", async () => {
    const output = await story("macvtap", "free");
    expect(output).toMatch(/"change":"appeared".*"systemDescription":"Debian of a test"/);
    expect(output).toMatch(/ALLMULTI/);
    expect(output).toMatch(/SysName: +leaf01/);
    expect(output).toMatch(/"change":"disappeared".*"ttl":0/);
    expect(output).not.toMatch(/"source":"02:00:00:00:00:01"/);
    expect(output).toMatch(/"closed":"swp1"/);
  });
});
