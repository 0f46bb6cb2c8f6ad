// What an answer says about booting: the same in server and in proxy mode.
import { encodeEncapsulated, Option, textValue, uint8Value, type Client, type Options } from "@metal-stack/dhcp";
import { FIRMWARE_FILES, HTTP_CLIENT, PXE_CLIENT, type BootKind } from "./firmware.ts";

export interface BootServer {
  /** Dotted address of this server in the boot network. */
  readonly address: string;
  readonly httpPort: number;
}

export interface BootInformation {
  readonly nextServer: string;
  readonly bootFile: string;
  readonly options: Options;
}

/** PXE 2.1 §2.3: PXE_DISCOVERY_CONTROL; bit 3 means take the boot file of this answer, search for no other server. */
const PXE_DISCOVERY_CONTROL = 6;
const USE_BOOT_FILE = 8;
/** iPXE's option 176 inside 175: do not wait for the offer of a proxy. */
const IPXE_NO_PXE_DHCP = 0xb0;

/** The script every iPXE starts with. */
function bootScriptUrl(server: BootServer): string {
  return `http://${server.address}:${server.httpPort}/boot.ipxe`;
}

export function bootInformation(
  kind: BootKind,
  client: Client,
  guid: Uint8Array | undefined,
  server: BootServer,
  mode: "server" | "proxy",
): BootInformation {
  const options: Options = new Map();
  const vendorClass = kind === "http-efi" ? HTTP_CLIENT : PXE_CLIENT;
  // iPXE takes option 60 as the mark of a proxy's offer, which it is not when it brings the address too.
  if (kind !== "ipxe" || mode === "proxy") options.set(Option.VENDOR_CLASS, textValue(vendorClass));
  if (guid) options.set(Option.CLIENT_GUID, guid);
  // Without it OVMF takes the boot file for a hint only and asks again on port 4011.
  if (kind === "pxe-bios" || kind === "pxe-efi") {
    options.set(
      Option.VENDOR_SPECIFIC,
      encodeEncapsulated(new Map([[PXE_DISCOVERY_CONTROL, uint8Value(USE_BOOT_FILE)]])),
    );
  }
  if (kind === "ipxe" && mode === "server") {
    options.set(Option.IPXE, encodeEncapsulated(new Map([[IPXE_NO_PXE_DHCP, uint8Value(1)]])));
  }
  const bootFile = bootFileOf(kind, server);
  // Some firmware reads only the header field, some only the option; HTTP boot is defined by the option.
  if (kind !== "ipxe" && client.parameterRequestList.includes(Option.BOOT_FILE_NAME)) {
    options.set(Option.BOOT_FILE_NAME, textValue(bootFile));
  }
  if (kind !== "http-efi" && client.parameterRequestList.includes(Option.TFTP_SERVER_NAME)) {
    options.set(Option.TFTP_SERVER_NAME, textValue(server.address));
  }
  return { nextServer: server.address, bootFile, options };
}

function bootFileOf(kind: BootKind, server: BootServer): string {
  if (kind === "ipxe") return bootScriptUrl(server);
  const file = FIRMWARE_FILES[kind];
  return kind === "http-efi" ? `http://${server.address}:${server.httpPort}/firmware/${file}` : file;
}
