// Boot option parameter 5 (table 28-14): from where, how often and in which firmware mode the machine boots next.

/** Parameter selectors of Set/Get System Boot Options (table 28-14). */
export const BootParameter = { SET_IN_PROGRESS: 0, VALID_BIT_CLEARING: 3, INFO_ACKNOWLEDGE: 4, BOOT_FLAGS: 5 } as const;

export type BootDevice = "none" | "pxe" | "disk" | "cdrom" | "bios";

export interface BootFlags {
  readonly device: BootDevice;
  /** Until changed; otherwise for the next boot only. */
  readonly persistent: boolean;
  readonly efi: boolean;
}

const VALID = 0x80;
const PERSISTENT = 0x40;
const EFI = 0x20;
/** Data 2, bits 5:2. */
const DEVICE_CODES: Readonly<Record<BootDevice, number>> = { none: 0, pxe: 1, disk: 2, cdrom: 5, bios: 6 };
/** Supermicro's disk in UEFI mode (reference/partition-services.md 4.5), a floppy by the specification. */
const SUPERMICRO_UEFI_DISK = 9;
const LENGTH = 5;

export function encodeBootFlags(flags: BootFlags | undefined): Buffer {
  const bytes = Buffer.alloc(LENGTH);
  if (!flags) return bytes;
  bytes[0] = VALID | (flags.persistent ? PERSISTENT : 0) | (flags.efi ? EFI : 0);
  bytes[1] = DEVICE_CODES[flags.device] << 2;
  return bytes;
}

/** Undefined when the flags are not valid, i.e. the firmware's own boot order holds. Unknown devices read as none. */
export function decodeBootFlags(bytes: Uint8Array): BootFlags | undefined {
  if (bytes.length < 2 || !(bytes[0]! & VALID)) return undefined;
  const code = (bytes[1]! >> 2) & 0x0f;
  const known = Object.entries(DEVICE_CODES).find(([, number]) => number === code)?.[0] as BootDevice | undefined;
  return {
    device: code === SUPERMICRO_UEFI_DISK ? "disk" : (known ?? "none"),
    persistent: (bytes[0]! & PERSISTENT) !== 0,
    efi: (bytes[0]! & EFI) !== 0,
  };
}
