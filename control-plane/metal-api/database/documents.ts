// The JSON documents inside rows. Keys are those of the REST API, so that reading and answering need no translation.

export interface BootConfiguration {
  readonly imageurl?: string;
  readonly kernelurl?: string;
  readonly commandline?: string;
}

export interface DnsServer {
  readonly ip: string;
}

export interface NtpServer {
  readonly address: string;
}

/** cores and gpu count pieces, memory and storage bytes; `identifier` is a glob over model or disk name. */
export interface SizeConstraint {
  readonly type: string;
  readonly min?: number;
  readonly max?: number;
  readonly identifier?: string;
}

export interface LayoutConstraints {
  readonly sizes: readonly string[];
  /** Operating system to version expression. */
  readonly images: Readonly<Record<string, string>>;
}

export interface LayoutFilesystem {
  readonly path?: string;
  readonly device: string;
  readonly format: string;
  readonly label?: string;
  readonly mountoptions?: readonly string[];
  readonly createoptions?: readonly string[];
}

export interface LayoutPartition {
  readonly number: number;
  readonly label?: string;
  /** MiB; 0 is the rest of the disk. */
  readonly size: number;
  readonly gpttype?: string;
}

export interface LayoutDisk {
  readonly device: string;
  readonly partitions?: readonly LayoutPartition[];
  readonly wipeonreinstall: boolean;
}

export interface LayoutRaid {
  readonly arrayname: string;
  readonly devices?: readonly string[];
  readonly level: string;
  readonly createoptions?: readonly string[];
  readonly spares: number;
}

export interface LayoutVolumeGroup {
  readonly name: string;
  readonly devices?: readonly string[];
  readonly tags?: readonly string[];
}

export interface LayoutLogicalVolume {
  readonly name: string;
  readonly volumegroup: string;
  /** MiB; 0 is the rest of the volume group. */
  readonly size: number;
  readonly lvmtype: string;
}

/** A filesystem layout as a whole; an allocation keeps a copy. */
export interface FilesystemLayout {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly constraints: LayoutConstraints;
  readonly filesystems: readonly LayoutFilesystem[];
  readonly disks: readonly LayoutDisk[];
  readonly raid: readonly LayoutRaid[];
  readonly volumegroups: readonly LayoutVolumeGroup[];
  readonly logicalvolumes: readonly LayoutLogicalVolume[];
}

export interface Cpu {
  readonly vendor?: string;
  readonly model?: string;
  readonly cores: number;
  readonly threads: number;
}

export interface Gpu {
  readonly vendor?: string;
  readonly model?: string;
}

export interface BlockDevice {
  readonly name: string;
  /** bytes */
  readonly size: number;
  readonly serial?: string;
  readonly model?: string;
  readonly rotational?: boolean;
  /** "nvme", "sata", "sas", "virtio", "scsi" */
  readonly transport?: string;
}

/** Who is seen at the other end of a NIC, by LLDP. */
export interface Neighbor {
  readonly mac: string;
  readonly name: string;
  readonly identifier: string;
  readonly hostname: string;
}

export interface MachineNic {
  readonly mac: string;
  readonly name: string;
  readonly identifier: string;
  readonly neighbors: readonly Neighbor[];
}

export interface Hardware {
  /** bytes */
  readonly memory: number;
  readonly cpus: readonly Cpu[];
  readonly gpus: readonly Gpu[];
  readonly nics: readonly MachineNic[];
  readonly disks: readonly BlockDevice[];
}

export interface Bios {
  readonly version: string;
  readonly vendor: string;
  readonly date: string;
}

export interface Fru {
  readonly chassis_part_number?: string;
  readonly chassis_part_serial?: string;
  readonly board_mfg?: string;
  readonly board_mfg_serial?: string;
  readonly board_part_number?: string;
  readonly product_manufacturer?: string;
  readonly product_part_number?: string;
  readonly product_serial?: string;
}

export interface PowerMetric {
  readonly averageconsumedwatts: number;
  readonly intervalinmin: number;
  readonly maxconsumedwatts: number;
  readonly minconsumedwatts: number;
}

export interface PowerSupply {
  readonly status: { readonly health: string; readonly state: string };
}

export interface Ipmi {
  /** "host:port" */
  readonly address: string;
  readonly mac: string;
  /** The password is not here: bmc/logins keeps it, sealed. */
  readonly user: string;
  readonly interface: string;
  readonly fru: Fru;
  readonly bmcversion: string;
  readonly powerstate: string;
  readonly powermetric?: PowerMetric;
  readonly powersupplies?: readonly PowerSupply[];
  /** RFC 3339 */
  readonly last_updated?: string;
}

export interface MachineNetwork {
  readonly networkid: string;
  readonly prefixes: readonly string[];
  readonly ips: readonly string[];
  readonly destinationprefixes: readonly string[];
  readonly vrf: number;
  readonly asn: number;
  readonly nat: boolean;
  readonly private: boolean;
  readonly underlay: boolean;
  readonly networktype: string;
  readonly networktypev2: string;
  readonly nattypev2: string;
  readonly projectid: string;
}

export interface BootInfo {
  readonly image_id: string;
  readonly primary_disk: string;
  readonly os_partition: string;
  readonly initrd: string;
  readonly cmdline: string;
  readonly kernel: string;
  readonly bootloaderid: string;
}

/** What a BMC shall install: the URL opens the file to whoever has it. */
export interface FirmwareUpdate {
  readonly kind: "bios" | "bmc";
  readonly url: string;
}

export interface Vpn {
  readonly address: string;
  /** Sealed by secrets/keyring. */
  readonly auth_key: string;
  readonly connected: boolean;
}

export interface EgressRule {
  readonly protocol: string;
  readonly ports: readonly number[];
  readonly to: readonly string[];
  readonly comment?: string;
}

export interface IngressRule {
  readonly protocol: string;
  readonly ports: readonly number[];
  readonly to?: readonly string[];
  readonly from: readonly string[];
  readonly comment?: string;
}

export interface FirewallRules {
  readonly egress: readonly EgressRule[];
  readonly ingress: readonly IngressRule[];
}

export interface ErrorEvent {
  /** RFC 3339 */
  readonly time: string;
  readonly event: string;
  readonly message: string;
}

export interface SwitchOs {
  readonly vendor?: string;
  readonly version?: string;
  readonly metal_core_version?: string;
}

export interface SwitchSync {
  /** RFC 3339 */
  readonly time: string;
  /** nanoseconds */
  readonly duration: number;
  readonly error?: string;
}

/** What a leaf says of the BGP session at a port; keys as the original's, times in seconds. */
export interface BgpPortState {
  readonly Neighbor: string;
  readonly PeerGroup: string;
  readonly VrfName: string;
  readonly BgpState: string;
  readonly BgpTimerUpEstablished: number;
  readonly SentPrefixCounter: number;
  readonly AcceptedPrefixCounter: number;
}

export interface PortFilter {
  readonly cidrs?: readonly string[];
  readonly vnis?: readonly string[];
}

export interface EraseProgress {
  /** 0 … 1 */
  readonly fraction: number;
  readonly message: string;
}

/** What a verdict names a disk by. */
export interface DiskIdentity {
  readonly name: string;
  /** Empty when the disk does not tell. */
  readonly serial: string;
  /** bytes */
  readonly size: number;
}

/** The report of one disk's erase, as agent.v1 DiskErase; times RFC 3339. */
export interface DiskErase {
  readonly name: string;
  readonly serial: string;
  readonly model: string;
  /** bytes */
  readonly size: number;
  readonly method: string;
  readonly started?: string;
  readonly finished?: string;
  readonly sectors_sampled: number;
  readonly sectors_not_zero: number;
  readonly sector_size: number;
  readonly verified: boolean;
  readonly error: string;
  readonly attempts: readonly string[];
  /** bytes by the disk's own account, hidden ones included; 0 when it does not tell */
  readonly native_size: number;
  /** Sectors written right before the erase and read back, to see that the disk takes writes. */
  readonly marks_proven: number;
}

/** What metal-api signs of one disk's erase (docs/erase.md). Times are RFC 3339; all of it is shown by REST. */
export interface EraseRecordDocument {
  readonly format: "metal-stack erase record 1";
  readonly id: string;
  readonly machineid: string;
  readonly occasion: "end of allocation" | "first registration";
  /** Of the allocation whose data it was; empty at the first registration. */
  readonly allocationuuid: string;
  readonly jobid: string;
  readonly disk: {
    readonly name: string;
    readonly serial: string;
    readonly model: string;
    readonly size: number;
    /** By the disk's own account, hidden areas included; 0: it does not tell. */
    readonly nativesize: number;
  };
  readonly method: string;
  readonly attempts: readonly string[];
  /** bytes */
  readonly sectorsize: number;
  readonly sectorssampled: number;
  readonly sectorsnotzero: number;
  /** Sectors written right before the erase and read back: the disk takes writes. */
  readonly marksproven: number;
  readonly result: "erased" | "refused";
  /** Every objection; empty when erased. */
  readonly reason: string;
  /** By the machine's clock; empty when it did not tell. */
  readonly started: string;
  readonly finished: string;
  /** By metal-api's clock. */
  readonly recorded: string;
  readonly hammerversion: string;
  readonly keyid: string;
}
