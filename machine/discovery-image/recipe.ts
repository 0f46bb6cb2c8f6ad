// What is in the discovery image: one table for the tools, one list for the kernel's modules.
// Sizes and timings behind the choices: the image must stay below 60 MB, and every module costs time to unpack.

export interface Recipe {
  /** A Debian package that depends on the newest kernel package. */
  readonly kernelPackage: string;
  /** Modules by name; what they need comes along. */
  readonly modules: readonly string[];
  readonly tools: readonly Tool[];
  /** Put Node and the hammer in. Off only in tests of the build itself. */
  readonly hammer: boolean;
  /** zstd level: 9 is 2 s and 50 MB, 19 is 46 s and 43 MB. */
  readonly compression: number;
}

/** Programs of a Debian package, and other names they answer to. */
export interface Tool {
  readonly package: string;
  readonly programs: readonly string[];
  /** name → program */
  readonly links?: Readonly<Record<string, string>>;
}

/** Busybox fills in every command that no package below brings. */
export const BUSYBOX_PACKAGE = "busybox-static";

/** Names of graphics processors. */
export const PCI_NAMES_PACKAGE = "pci.ids";

const TOOLS: readonly Tool[] = [
  {
    package: "kmod",
    programs: ["kmod"],
    links: { modprobe: "kmod", insmod: "kmod", lsmod: "kmod", rmmod: "kmod", modinfo: "kmod", depmod: "kmod" },
  },
  { package: "kexec-tools", programs: ["kexec"] },
  { package: "fdisk", programs: ["sfdisk"] },
  { package: "gdisk", programs: ["sgdisk"] },
  { package: "e2fsprogs", programs: ["mke2fs"], links: { "mkfs.ext3": "mke2fs", "mkfs.ext4": "mke2fs" } },
  { package: "dosfstools", programs: ["mkfs.fat"], links: { "mkfs.vfat": "mkfs.fat" } },
  {
    package: "util-linux",
    programs: ["mkswap", "wipefs", "blkid", "lsblk", "blkdiscard", "blockdev", "partx", "lscpu"],
  },
  { package: "mount", programs: ["mount", "umount", "losetup"] },
  { package: "nvme-cli", programs: ["nvme"] },
  { package: "hdparm", programs: ["hdparm"] },
  { package: "sg3-utils", programs: ["sg_sanitize", "sg_opcodes"] },
  { package: "tar", programs: ["tar"] },
  { package: "zstd", programs: ["zstd"] },
  { package: "lz4", programs: ["lz4"] },
  { package: "gzip", programs: ["gzip"], links: { gunzip: "gzip" } },
  { package: "iproute2", programs: ["ip"] },
  { package: "ethtool", programs: ["ethtool"] },
  { package: "ipmitool", programs: ["ipmitool"] },
  { package: "mdadm", programs: ["mdadm", "mdmon"] },
  {
    package: "lvm2",
    programs: ["lvm"],
    links: Object.fromEntries(
      ["pvs", "vgs", "lvs", "pvcreate", "pvremove", "vgcreate", "vgchange", "vgremove", "lvcreate", "vgscan"].map(
        (name) => [name, "lvm"],
      ),
    ),
  },
  { package: "dmsetup", programs: ["dmsetup"] },
  { package: "efibootmgr", programs: ["efibootmgr"] },
];

const MODULES: readonly string[] = [
  // Buses, and what virtual machines have.
  ..."virtio_pci virtio_mmio virtio_blk virtio_scsi virtio_net virtio_balloon virtio_rng virtio_console".split(" "),
  ..."hv_vmbus hv_netvsc hv_storvsc vmw_pvscsi vmxnet3 xen_blkfront xen_netfront".split(" "),
  // Disks and their controllers.
  ..."nvme nvme_fabrics ahci ata_piix ata_generic sd_mod sr_mod sg ses".split(" "),
  ..."megaraid_sas mpt3sas mpi3mr hpsa smartpqi aacraid isci arcmsr".split(" "),
  ..."usb_storage uas xhci_pci ehci_pci ohci_pci uhci_hcd usbhid hid_generic atkbd i8042 sdhci_pci mmc_block".split(
    " ",
  ),
  // File systems and block layers.
  ..."ext4 xfs vfat nls_cp437 nls_iso8859_1 nls_ascii nls_utf8 isofs squashfs overlay efivarfs loop".split(" "),
  ..."dm_mod dm_crypt dm_mirror dm_raid dm_snapshot dm_thin_pool md_mod linear raid0 raid1 raid10 raid456".split(" "),
  ..."crc32c_generic crc32c_intel crc32_pclmul libcrc32c".split(" "),
  // Network cards; those that need firmware files (bnx2x, qede, nfp, …) would not work here anyway.
  ..."e1000 e1000e igb igc ixgbe ixgbevf i40e iavf ice".split(" "),
  ..."mlx4_en mlx5_core bnxt_en tg3 sfc cxgb4 be2net enic ena atlantic".split(" "),
  ..."r8169 8139cp 8139too realtek alx sky2 forcedeth ne2k_pci pcnet32 usbnet cdc_ether cdc_ncm r8152 ax88179_178a".split(
    " ",
  ),
  // Frames for LLDP, and links an installer may want.
  ..."macvlan macvtap tap tun af_packet bonding 8021q bridge vrf vxlan".split(" "),
  // BMC, watchdogs, facts, random numbers.
  ..."ipmi_si ipmi_devintf ipmi_ssif ipmi_msghandler ipmi_watchdog".split(" "),
  ..."iTCO_wdt i6300esb sp5100_tco wdat_wdt hpwdt ib700wdt softdog lpc_ich i2c_i801 intel_lpss_pci".split(" "),
  ..."dmi_sysfs efi_pstore qemu_fw_cfg tpm_crb tpm_tis".split(" "),
];

export const RECIPE: Recipe = {
  kernelPackage: "linux-image-amd64",
  modules: MODULES,
  tools: TOOLS,
  hammer: true,
  compression: 9,
};
