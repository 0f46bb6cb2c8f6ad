import type { Fru } from "@metal-stack/ipmi";

export type Accelerator = "tcg" | "kvm";
export type DiskInterface = "virtio" | "nvme" | "sata" | "scsi";

/** One bare server, as the lab writes it down in a JSON file. */
export interface ServerConfiguration {
  /** Letters, digits and dashes; names the files in `runDirectory`. */
  readonly id: string;
  /** SMBIOS uuid. */
  readonly uuid: string;
  readonly firmware: "bios" | "uefi";
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Raw files, made when missing. */
  readonly disks: readonly {
    readonly path: string;
    readonly sizeMiB: number;
    readonly interface: DiskInterface;
    readonly serial: string;
  }[];
  readonly nics: readonly {
    readonly mac: string;
    /** An existing tap interface of this network namespace; without one the port's cable is not plugged. */
    readonly tap?: string;
    readonly hostMtu?: number;
    /** The boot ROM; default QEMU's iPXE, empty for none. */
    readonly romfile?: string;
  }[];
  readonly bmc: {
    readonly address: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly mac: string;
  };
  readonly fru: Fru;
  readonly smbios: { readonly manufacturer: string; readonly product: string; readonly serial: string };
  /** Start this kernel as QEMU itself can, without firmware's boot order, DHCP and downloads: what a boot is measured against. */
  readonly startedBare?: {
    readonly kernel: string;
    readonly initrd: string;
    /** Read when the server is switched on. */
    readonly commandLineFile: string;
  };
  readonly runDirectory: string;
  readonly accelerator: "auto" | Accelerator;
}

/** Throws an Error that names the wrong setting. */
export function parseConfiguration(text: string): ServerConfiguration {
  const value = JSON.parse(text) as Partial<ServerConfiguration>;
  const must = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`virtual server configuration: ${what}`);
  };
  must(/^[A-Za-z0-9-]+$/.test(value.id ?? ""), "id must be letters, digits and dashes");
  must(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value.uuid ?? ""), "uuid must be a uuid");
  must(value.firmware === "bios" || value.firmware === "uefi", "firmware must be bios or uefi");
  must(Number.isInteger(value.cpus) && value.cpus! > 0, "cpus must be a positive whole number");
  must(Number.isInteger(value.memoryMiB) && value.memoryMiB! > 0, "memoryMiB must be a positive whole number");
  must(
    Array.isArray(value.disks) && value.disks.every((disk) => disk.path && disk.sizeMiB > 0),
    "disks need path, sizeMiB",
  );
  must(Array.isArray(value.nics) && value.nics.every((nic) => MAC.test(nic.mac)), "nics need a mac");
  const { bmc } = value;
  must(
    Boolean(bmc?.address && bmc.user && bmc.password && MAC.test(bmc.mac)),
    "bmc needs address, user, password, mac",
  );
  must(Number.isInteger(bmc!.port) && bmc!.port >= 0 && bmc!.port < 65536, "bmc.port must be a UDP port, or 0 for any");
  must(Boolean(value.runDirectory && value.smbios && value.fru), "runDirectory, smbios and fru are needed");
  must(["auto", "tcg", "kvm"].includes(value.accelerator ?? ""), "accelerator must be auto, tcg or kvm");
  return value as ServerConfiguration;
}

const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i;
