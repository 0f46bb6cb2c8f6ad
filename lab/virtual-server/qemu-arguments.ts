import { readFileSync } from "node:fs";
import { join } from "node:path";
import { diskId, nicId } from "./boot-order.ts";
import type { Accelerator, DiskInterface, ServerConfiguration } from "./configuration.ts";

/** Inherited socket pairs between the chassis and QEMU, by file descriptor number. */
export const Descriptor = { QMP: 3, CONSOLE: 4 } as const;

const OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
export const OVMF_VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd";

/** Without a limit the translation cache grows by hundreds of MiB. */
const TCG = "tcg,tb-size=256";

export function variablesPath(configuration: ServerConfiguration): string {
  return join(configuration.runDirectory, `${configuration.id}.vars.fd`);
}

/** Where the guest's BMC interface connects to. */
export function guestChannelPath(configuration: ServerConfiguration): string {
  return join(configuration.runDirectory, `${configuration.id}.kcs.sock`);
}

/** @param order device ids, first to boot from first */
export function qemuArguments(
  configuration: ServerConfiguration,
  accelerator: Accelerator,
  order: readonly string[],
): string[] {
  const { manufacturer, product, serial } = configuration.smbios;
  const smbios = `manufacturer=${escape(manufacturer)},product=${escape(product)},serial=${escape(serial)}`;
  const bootIndex = (id: string) => `bootindex=${order.indexOf(id)}`;
  return [
    ["-name", configuration.id, "-no-user-config", "-nodefaults", "-display", "none"],
    // Without graphics SeaBIOS, and what runs on it, talk to the serial port.
    ["-machine", "q35,graphics=off", "-vga", "none"],
    ["-accel", accelerator === "kvm" ? "kvm" : TCG, "-cpu", accelerator === "kvm" ? "host" : "qemu64"],
    ["-smp", String(configuration.cpus), "-m", String(configuration.memoryMiB)],
    ["-uuid", configuration.uuid, "-smbios", `type=1,uuid=${configuration.uuid},${smbios}`],
    // Guests reset the machine by rebooting and switch it off by powering off; a panic keeps it as it is, to be seen.
    ["-action", "reboot=reset,shutdown=poweroff,panic=none,watchdog=reset"],
    ["-device", "i6300esb", "-device", "pvpanic"],
    ["-object", "rng-builtin,id=entropy", "-device", "virtio-rng-pci,rng=entropy"],
    ["-chardev", `socket,id=qmp,fd=${Descriptor.QMP}`, "-mon", "chardev=qmp,mode=control"],
    ["-chardev", `socket,id=console,fd=${Descriptor.CONSOLE}`, "-serial", "chardev:console"],
    ["-chardev", `socket,id=bmc,path=${escape(guestChannelPath(configuration))},reconnect=1`],
    ["-device", "ipmi-bmc-extern,id=bmc0,chardev=bmc", "-device", "isa-ipmi-kcs,bmc=bmc0"],
    ...firmware(configuration),
    ...startedBare(configuration),
    ...configuration.disks.map((disk, index) => {
      const id = diskId(index);
      const file = `file=${escape(disk.path)},format=raw,cache=unsafe,discard=unmap,detect-zeroes=off`;
      const device = DISK_DEVICES[disk.interface](index);
      const identity = `id=${id},drive=${id}-file,serial=${escape(disk.serial)},${bootIndex(id)}`;
      return ["-drive", `if=none,id=${id}-file,${file}`, ...device.slice(0, -1), `${device.at(-1)!},${identity}`];
    }),
    ...configuration.nics.map((nic, index) => {
      const id = nicId(index);
      const cable = nic.tap
        ? `tap,id=${id}-cable,ifname=${escape(nic.tap)},script=no,downscript=no`
        : `hubport,id=${id}-cable,hubid=${index}`;
      const options = [
        `virtio-net-pci,id=${id},netdev=${id}-cable,mac=${nic.mac},${bootIndex(id)}`,
        ...(nic.hostMtu === undefined ? [] : [`host_mtu=${nic.hostMtu}`]),
        ...(nic.romfile === undefined ? [] : [`romfile=${escape(nic.romfile)}`]),
      ];
      return ["-netdev", cable, "-device", options.join(",")];
    }),
  ].flat();
}

const DISK_DEVICES: Readonly<Record<DiskInterface, (index: number) => string[]>> = {
  virtio: () => ["-device", "virtio-blk-pci"],
  nvme: () => ["-device", "nvme"],
  sata: (index) => ["-device", `ide-hd,bus=ide.${index}`],
  scsi: (index) => ["-device", `virtio-scsi-pci,id=scsi${index}`, "-device", `scsi-hd,bus=scsi${index}.0`],
};

function firmware(configuration: ServerConfiguration): string[][] {
  if (configuration.firmware === "bios") return [];
  const variables = escape(variablesPath(configuration));
  return [
    ["-drive", `if=pflash,format=raw,unit=0,readonly=on,file=${OVMF_CODE}`],
    ["-drive", `if=pflash,format=raw,unit=1,file=${variables}`],
    // Else every fruitless network boot takes minutes more: nothing here boots over IPv6.
    ["-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n"],
  ];
}

function startedBare({ startedBare }: ServerConfiguration): string[][] {
  if (!startedBare) return [];
  const { kernel, initrd, commandLineFile } = startedBare;
  return [["-kernel", kernel, "-initrd", initrd, "-append", readFileSync(commandLineFile, "utf8").trim()]];
}

/** Commas separate QEMU's options; doubled they are part of a value. */
function escape(value: string): string {
  return value.replaceAll(",", ",,");
}
