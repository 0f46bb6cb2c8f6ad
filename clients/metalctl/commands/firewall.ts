// `firewall`: machines that guard networks. Allocated as machines are, with rules besides.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { firewall } from "../resources/firewall.ts";
import { field, type Doc } from "../resources/resource.ts";
import { addResource } from "./crud.ts";
import { addAllocation } from "./machine-create.ts";
import { runAttached } from "./switch-access.ts";

interface Network {
  readonly ips: readonly string[];
  readonly private: boolean;
  readonly underlay: boolean;
}

export function addFirewallCommands(program: Command): void {
  const group = addResource(program, firewall);
  addAllocation(group, firewall).option("--firewall-rules-file <file>", "egress and ingress rules, YAML");
  group
    .command("ssh <id>")
    .description("log in to a firewall at its public address")
    .option("-i, --identity <file>", "the key to log in with")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags & { identity?: string }>();
      const found = await apiClient(flags).get<Doc>(`${firewall.path}/${encodeURIComponent(id)}`);
      const networks = (found["allocation"] as { networks?: Network[] } | null)?.networks ?? [];
      const address = networks.find((network) => !network.private && !network.underlay)?.ips[0];
      if (!address) {
        const vpn = field("allocation.vpn.connected")(found) === "true";
        throw new Error(
          vpn
            ? `firewall ${id} has no public address; join its VPN with the key of: metalctl vpn key --project ${field("allocation.project")(found)}`
            : `firewall ${id} has no public address`,
        );
      }
      const key = flags.identity ? ["-i", flags.identity] : [];
      runAttached(["ssh", ...key, "--", `metal@${address}`]);
    });
}
