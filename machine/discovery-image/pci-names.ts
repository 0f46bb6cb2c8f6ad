/** The makers whose devices the hammer reports by name (machine/metal-hammer/hardware/rules-gpu.ts). */
const VENDORS = ["10de", "1002"];

/** The part of the PCI id database that concerns graphics processors: 2 % of it. */
export function pciNames(database: string): string {
  const blocks = database.split(/^(?=[0-9a-f]{4} {2})/m);
  return blocks.filter((block) => VENDORS.some((vendor) => block.startsWith(`${vendor}  `))).join("");
}
