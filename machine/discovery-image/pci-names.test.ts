import { expect, it } from "vitest";
import { pciNames } from "./pci-names.ts";

it("keeps the makers of graphics processors, with all their devices", () => {
  const database = [
    "# a comment",
    "1002  AMD",
    "\t73bf  Navi 21",
    "10de  NVIDIA Corporation",
    "\t2330  GH100 [H100 SXM5 80GB]",
    "\t\t10de 16c1  H100",
    "8086  Intel Corporation",
    "\t1572  X710",
    "C 03  Display controller",
    "",
  ].join("\n");
  const names = pciNames(database);
  expect(names).toContain("\t2330  GH100");
  expect(names).toContain("\t73bf  Navi 21");
  expect(names).not.toMatch(/X710|comment/);
});
