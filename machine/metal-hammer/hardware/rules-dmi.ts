export interface Dmi {
  /** The SMBIOS uuid, lower case; the machine's id everywhere. */
  readonly uuid: string;
  readonly bios: { readonly version: string; readonly vendor: string; readonly date: string };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** SMBIOS 3.7 §7.2.1: all bits clear or set mean that there is none. */
const NO_UUID = /^[0-]+$|^[f-]+$/;

/**
 * @param read gives the content of /sys/class/dmi/id/<name>, or "" when the board does not tell
 * @throws {Error} when there is no uuid: nothing can be done for a machine without identity
 */
export function parseDmi(read: (name: string) => string): Dmi {
  const text = (name: string) => read(name).trim();
  const uuid = text("product_uuid").toLowerCase();
  if (!UUID.test(uuid) || NO_UUID.test(uuid))
    throw new Error(`the firmware gives this machine no uuid ("${uuid}"): set one in SMBIOS, see the vendor's tool`);
  return {
    uuid,
    bios: { version: text("bios_version"), vendor: text("bios_vendor"), date: text("bios_date") },
  };
}
