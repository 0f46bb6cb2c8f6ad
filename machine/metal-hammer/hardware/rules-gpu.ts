// Graphics processors for computing, told apart from the BMC's little VGA chip by their maker.

/** PCI class codes, upper byte (PCI Code and ID Assignment Specification 1.4): display controller. */
const DISPLAY_CLASS = 0x03;

/** The makers of compute cards. The original knows NVIDIA only. */
const MAKERS: Readonly<Record<string, string>> = {
  "10de": "NVIDIA Corporation",
  "1002": "Advanced Micro Devices, Inc. [AMD/ATI]",
};

export interface PciDevice {
  /** As sysfs writes them: "0x030200", "0x10de", "0x2330". */
  readonly class: string;
  readonly vendor: string;
  readonly device: string;
}

export interface Gpu {
  readonly vendor: string;
  readonly model: string;
}

/** @param pciIds the PCI id database (`vendor  name` lines, `<tab>device  name` lines); may be empty */
export function gpus(devices: readonly PciDevice[], pciIds: string): Gpu[] {
  return devices.flatMap((device) => {
    const [vendor, id] = [device.vendor.trim().replace("0x", ""), device.device.trim().replace("0x", "")];
    const maker = MAKERS[vendor];
    if (Number.parseInt(device.class, 16) >> 16 !== DISPLAY_CLASS || maker === undefined) return [];
    return [{ vendor: maker, model: deviceName(pciIds, vendor, id) ?? `${vendor}:${id}` }];
  });
}

function deviceName(pciIds: string, vendor: string, device: string): string | undefined {
  const start = pciIds.search(new RegExp(`^${vendor}  `, "m"));
  if (start < 0) return undefined;
  const rest = pciIds.slice(start);
  const end = rest.slice(1).search(/\n[0-9a-f]{4} {2}/);
  return new RegExp(`^\t${device}  (.+)$`, "m").exec(end < 0 ? rest : rest.slice(0, end + 1))?.[1];
}
