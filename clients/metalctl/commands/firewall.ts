// `firewall`: machines that guard networks. Allocated as machines are, with rules besides.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { firewall } from "../resources/firewall.ts";
import { field, type Doc } from "../resources/resource.ts";
import { addResource } from "./crud.ts";
import { addAllocation } from "./machine-create.ts";
import { runAttached } from "./switch-access.ts";
import { examples, note } from "./examples.ts";

const RULES = `rules.yaml:

egress:
- comment: names and time
  protocol: UDP
  ports: [53, 123]
  to: [0.0.0.0/0]
ingress:
- comment: the shop
  protocol: TCP
  ports: [80, 443]
  from: [0.0.0.0/0]
`;

interface Network {
  readonly ips: readonly string[];
  readonly private: boolean;
  readonly underlay: boolean;
}

export function addFirewallCommands(program: Command): void {
  const group = addResource(program, firewall);
  const create = addAllocation(group, firewall).option(
    "--firewall-rules-file <file>",
    "egress and ingress rules, YAML",
  );
  note(create, RULES);
  examples(create, [
    "that lets only what a file says in and out",
    "--size c1-large-x86 --partition fra-equ01 --project $PROJECT --hostname fw01 --image firewall-ubuntu-3.0 --networks $NETWORK,internet --firewall-rules-file rules.yaml",
  ]);
  examples(group.command("ssh <id>").description("log in to a firewall at its public address"), [
    "with a certain key",
    "$MACHINE -i ~/.ssh/id_ed25519",
  ])
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
