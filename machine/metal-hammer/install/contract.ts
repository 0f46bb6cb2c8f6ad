// What the image's installer is told: the files in /etc/metal (reference/partition-services.md 3.5, v1 contract).
import { BlockList, isIPv6 } from "node:net";
import type { agent } from "@metal-stack/protocol";
import { dump } from "js-yaml";

/** A network card as the installed system needs to know it. */
export interface MachineNic {
  readonly name: string;
  readonly mac: string;
  readonly neighbors: readonly {
    readonly mac?: string;
    readonly name?: string;
    readonly identifier?: string;
    readonly hostname?: string;
  }[];
}

/** What the hammer knows of the machine itself. */
export interface InstallMachine {
  readonly uuid: string;
  readonly nics: readonly MachineNic[];
  /** The kernel's console: "ttyS0" or "ttyS0,115200n8". */
  readonly console: string;
  readonly firmware: "efi" | "bios";
  /** Of user `metal`, for the serial console. */
  readonly consolePassword: string;
  readonly hammerVersion: string;
}

export interface ContractFacts {
  readonly order: agent.Install;
  readonly machine: InstallMachine;
  readonly rootUuid: string;
  readonly primaryDisk: string;
  readonly timestamp: Date;
}

/** Cards that see a switch, in the order of the machine's cards: only these carry the tenant's traffic. */
function leafFacing({ nics }: InstallMachine): MachineNic[] {
  return nics.filter(({ mac, neighbors }) => mac !== "" && neighbors.length > 0);
}

/** The content of install.yaml: keys and shapes are the original's. */
export function installYaml({ order, machine, rootUuid, timestamp }: ContractFacts): string {
  return dump(
    {
      hostname: order.hostname,
      networks: order.networks.map((network) => ({
        asn: network.asn,
        destinationprefixes: network.destinationPrefixes,
        ips: network.ips,
        nat: network.nat,
        networkid: network.networkId,
        networktype: network.networkType,
        prefixes: network.prefixes,
        private: network.private,
        projectid: network.projectId,
        underlay: network.underlay,
        vrf: network.vrf,
      })),
      machineuuid: machine.uuid,
      sshpublickey: order.sshPublicKeys.join("\n"),
      password: machine.consolePassword,
      console: machine.console,
      timestamp: timestamp.toISOString(),
      nics: leafFacing(machine).map(({ mac, name, neighbors }) => ({
        identifier: mac,
        mac,
        name,
        neighbors: neighbors.map((neighbour) => ({
          identifier: neighbour.identifier ?? neighbour.mac ?? "",
          mac: neighbour.mac ?? "",
          name: neighbour.name ?? "",
          neighbors: [],
        })),
      })),
      role: order.role,
      ...(order.vpn && { vpn: { address: order.vpn.address, auth_key: order.vpn.authKey, connected: false } }),
      raidenabled: (order.filesystemLayout?.raid.length ?? 0) > 0,
      root_uuid: rootUuid,
      dns_servers: order.dnsServers.map((ip) => ({ ip })),
      ntp_servers: order.ntpServers.map((address) => ({ address })),
    },
    { lineWidth: -1, noRefs: true },
  );
}

/** Addresses with prefix length: in the private network that network's, elsewhere host addresses. */
export function addresses(networks: readonly agent.Network[]): string[] {
  return networks.flatMap((network) =>
    network.ips.map((ip) => {
      const own = network.private ? network.prefixes.find((prefix) => contains(prefix, ip)) : undefined;
      return `${ip}/${own?.split("/")[1] ?? (isIPv6(ip) ? "128" : "32")}`;
    }),
  );
}

function contains(prefix: string, ip: string): boolean {
  const [network = "", length = ""] = prefix.split("/");
  const family = isIPv6(ip) ? "ipv6" : "ipv4";
  if (isIPv6(network) !== (family === "ipv6")) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(length), family);
  return list.check(ip, family);
}

const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;

/** The same facts for installers written in shell, which cannot read YAML: `. /etc/metal/install.env`. */
export function installEnv({ order, machine, rootUuid, primaryDisk, timestamp }: ContractFacts): string {
  const variables: Record<string, string> = {
    METAL_HOSTNAME: order.hostname,
    METAL_MACHINE_UUID: machine.uuid,
    METAL_ROLE: order.role,
    METAL_TIMESTAMP: timestamp.toISOString(),
    METAL_FIRMWARE: machine.firmware,
    METAL_CONSOLE: machine.console,
    METAL_PASSWORD: machine.consolePassword,
    METAL_SSH_KEYS: order.sshPublicKeys.join("\n"),
    METAL_ROOT_UUID: rootUuid,
    METAL_PRIMARY_DISK: primaryDisk,
    METAL_LAN_MACS: leafFacing(machine)
      .map(({ mac }) => mac)
      .join(" "),
    METAL_ADDRESSES: addresses(order.networks).join(" "),
    METAL_DNS_SERVERS: order.dnsServers.join(" "),
    METAL_NTP_SERVERS: order.ntpServers.join(" "),
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join("");
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * User data as it goes to the image: decoded when it is base64, else the text itself. Scripts, cloud-configs and
 * Ignition files begin with `#` or `{`, which base64 has not.
 */
export function userData(text: string): Buffer {
  const compact = text.replaceAll(/\s/g, "");
  return compact !== "" && BASE64.test(compact) ? Buffer.from(compact, "base64") : Buffer.from(text, "utf8");
}
