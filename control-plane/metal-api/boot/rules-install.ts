// An allocation as the order to install it.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { agent } from "@metal-stack/protocol";
import type { DnsServer, FilesystemLayout, MachineNetwork, NtpServer, Vpn } from "../database/documents.ts";
import type { Keyring } from "../secrets/keyring.ts";
import { openVpnKey } from "../vpn/sealing.ts";

export interface Installation {
  readonly uuid: string;
  readonly name: string;
  readonly hostname: string;
  readonly creator: string;
  readonly project_id: string;
  readonly role: string;
  readonly networks: readonly MachineNetwork[];
  readonly filesystem_layout: FilesystemLayout;
  readonly ssh_pub_keys: readonly string[];
  readonly user_data: string;
  readonly dns_servers: readonly DnsServer[];
  readonly ntp_servers: readonly NtpServer[];
  readonly vpn: Vpn | null;
  readonly reinstall: boolean;
  readonly old_system_lost: boolean;
  readonly image: { readonly id: string; readonly url: string; readonly sha256: string | null };
  readonly partition_id: string | null;
  readonly size_id: string;
}

type InstallInit = Exclude<MessageInitShape<typeof agent.InstallSchema>, agent.Install>;

/** @param keyring opens what is sealed in the order. Throws CannotOpen. */
export function installOf(order: Installation, keyring: Keyring): InstallInit {
  return {
    allocationId: order.uuid,
    hostname: order.hostname,
    projectId: order.project_id,
    role: order.role,
    image: { id: order.image.id, url: order.image.url, sha256: order.image.sha256 ?? "" },
    filesystemLayout: layoutOf(order.filesystem_layout),
    networks: order.networks.map((network) => ({
      networkId: network.networkid,
      prefixes: [...network.prefixes],
      ips: [...network.ips],
      destinationPrefixes: [...network.destinationprefixes],
      vrf: network.vrf,
      asn: network.asn,
      nat: network.nat,
      private: network.private,
      underlay: network.underlay,
      networkType: network.networktype,
      projectId: network.projectid,
    })),
    sshPublicKeys: [...order.ssh_pub_keys],
    userData: order.user_data,
    dnsServers: order.dns_servers.map(({ ip }) => ip),
    ntpServers: order.ntp_servers.map(({ address }) => address),
    ...(order.vpn && {
      vpn: { address: order.vpn.address, authKey: openVpnKey(keyring, order.uuid, order.vpn).reveal() },
    }),
    reinstall: order.reinstall,
    oldSystemLost: order.old_system_lost,
    name: order.name,
    creator: order.creator,
    partitionId: order.partition_id ?? "",
    sizeId: order.size_id,
  };
}

function layoutOf(layout: FilesystemLayout): NonNullable<InstallInit["filesystemLayout"]> {
  return {
    id: layout.id,
    filesystems: layout.filesystems.map((filesystem) => ({
      path: filesystem.path ?? "",
      device: filesystem.device,
      format: filesystem.format,
      label: filesystem.label ?? "",
      mountOptions: [...(filesystem.mountoptions ?? [])],
      createOptions: [...(filesystem.createoptions ?? [])],
    })),
    disks: layout.disks.map((disk) => ({
      device: disk.device,
      wipeOnReinstall: disk.wipeonreinstall,
      partitions: (disk.partitions ?? []).map((partition) => ({
        number: partition.number,
        label: partition.label ?? "",
        size: BigInt(partition.size),
        gptType: partition.gpttype ?? "",
      })),
    })),
    raid: layout.raid.map((raid) => ({
      arrayName: raid.arrayname,
      devices: [...(raid.devices ?? [])],
      level: raid.level,
      createOptions: [...(raid.createoptions ?? [])],
      spares: raid.spares,
    })),
    volumeGroups: layout.volumegroups.map((group) => ({
      name: group.name,
      devices: [...(group.devices ?? [])],
      tags: [...(group.tags ?? [])],
    })),
    logicalVolumes: layout.logicalvolumes.map((volume) => ({
      name: volume.name,
      volumeGroup: volume.volumegroup,
      size: BigInt(volume.size),
      lvmType: volume.lvmtype,
    })),
  };
}
