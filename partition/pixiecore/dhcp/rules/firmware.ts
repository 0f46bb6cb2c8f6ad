// What kind of network boot client asks, and which program it gets.
import { Architecture, type Client } from "@metal-stack/dhcp";

/** How a client boots: through TFTP, through HTTP, or it is iPXE already and takes a script. */
export type BootKind = "pxe-bios" | "pxe-efi" | "http-efi" | "ipxe";

/**
 * The iPXE build for each kind of firmware, by its file name in Debian's package "ipxe". snponly.efi drives the NIC through
 * the firmware; ipxe.efi with drivers of its own never comes back from `exit` (seen with OVMF 2022.11), so that an allocated
 * machine would not get to its disk.
 */
export const FIRMWARE_FILES: Readonly<Record<Exclude<BootKind, "ipxe">, string>> = {
  "pxe-bios": "undionly.kpxe",
  "pxe-efi": "snponly.efi",
  "http-efi": "snponly.efi",
};

/** RFC 4578 §3 and UEFI 2.11 §24.7.1: option 60 begins with one of these, and must come back in the answer. */
export const PXE_CLIENT = "PXEClient";
export const HTTP_CLIENT = "HTTPClient";

const KINDS: readonly { vendorClass: string; architecture: number; kind: BootKind }[] = [
  { vendorClass: PXE_CLIENT, architecture: Architecture.BIOS, kind: "pxe-bios" },
  { vendorClass: PXE_CLIENT, architecture: Architecture.EFI_X64, kind: "pxe-efi" },
  { vendorClass: PXE_CLIENT, architecture: Architecture.EFI_X64_BY_RFC, kind: "pxe-efi" },
  { vendorClass: HTTP_CLIENT, architecture: Architecture.EFI_X64_HTTP, kind: "http-efi" },
];

/** Undefined: an ordinary DHCP client, or firmware there is no program for (then it has a vendor class from above). */
export function bootKind(client: Client): BootKind | undefined {
  if (client.userClasses.includes("iPXE") || client.ipxe !== undefined) return "ipxe";
  return KINDS.find(
    ({ vendorClass, architecture }) =>
      client.vendorClass?.startsWith(vendorClass) && client.architectures.includes(architecture),
  )?.kind;
}

/** Whether the client wants to boot from the network at all, supported or not. */
export function wantsBoot(client: Client): boolean {
  const vendorClass = client.vendorClass ?? "";
  return bootKind(client) !== undefined || vendorClass.startsWith(PXE_CLIENT) || vendorClass.startsWith(HTTP_CLIENT);
}
