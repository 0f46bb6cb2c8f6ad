// IPv6 as nobody in the boot network should speak it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inside, run } from "../../fabric/commands.ts";

/** RFC 8415 §7.2: where clients hear. */
const DHCPV6_CLIENT_PORT = 546;
const ALL_NODES = "ff02::1";
const LISTEN_SECONDS = 1.5;

/** Advertises a router and a prefix on both cables, and says "rogue" to all DHCPv6 clients, until it is stopped. */
export function rogueIpv6(namespace: string): { stop(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), "rogue-"));
  const config = join(folder, "radvd.conf");
  const router = (card: string) =>
    `interface ${card} { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultPreference high; prefix 2001:db8:666::/64 {}; };\n`;
  writeFileSync(config, ["eth0", "eth1"].map(router).join(""));
  const say = ["eth0", "eth1"].map(
    (card) => `echo rogue | socat -u - 'UDP6-DATAGRAM:[${ALL_NODES}%${card}]:${DHCPV6_CLIENT_PORT}'`,
  );
  const processes = [
    ["radvd", "-n", "-m", "stderr", "-C", config, "-p", join(folder, "radvd.pid")],
    ["sh", "-c", `while sleep 0.1; do ${say.join("; ")}; done`],
  ].map((command) => {
    const [program, ...parameters] = ["setpriv", "--pdeathsig", "KILL", ...inside(namespace), ...command] as const;
    return spawn(program, parameters, { stdio: "ignore", detached: true });
  });
  return {
    async stop() {
      for (const child of processes) await end(child);
      rmSync(folder, { recursive: true });
    },
  };
}

/** What a DHCPv6 client hears there within a while. */
export async function heardIpv6(namespace: string): Promise<string> {
  const listen = ["socat", "-u", `UDP6-RECV:${DHCPV6_CLIENT_PORT}`, "-"];
  // The time is over: that is how it ends.
  return run([...inside(namespace), "sh", "-c", `timeout ${LISTEN_SECONDS} ${listen.join(" ")} || true`]);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  // With what it started itself.
  process.kill(-child.pid!, "SIGKILL");
  await ended;
}
