import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { imageId, readList, RECIPE_FOLDER, recipeHash } from "./recipe.ts";

describe("the recipe of an OS image", () => {
  it("names images by their day", () => {
    expect(imageId(new Date("2026-11-23T00:00:00Z"))).toBe("debian-12.0.20261123");
  });

  it("has a hash that stays the same while nothing changes", () => {
    expect(recipeHash()).toBe(recipeHash());
  });

  it("lists packages and paths without comments", () => {
    expect(readList("packages")).toContain("linux-image-cloud-amd64");
    expect([...readList("packages"), ...readList("path-exclude")].filter((line) => /[#\s]/.test(line))).toEqual([]);
  });

  it("has scripts that a shell understands", () => {
    for (const script of ["customize.sh", "files/install.sh"])
      execFileSync("/bin/sh", ["-n", join(RECIPE_FOLDER, script)]);
  });

  it("comes with a layout whose last partition takes the rest of the disk", () => {
    const layouts = JSON.parse(readFileSync(join(import.meta.dirname, "layouts.json"), "utf8")) as {
      disks: { partitions: { size: number; gpttype: string }[] }[];
    }[];
    for (const { disks } of layouts)
      expect(disks[0]!.partitions.map(({ size, gpttype }) => `${gpttype} ${size}`)).toEqual([
        "ef02 2",
        "ef00 256",
        "8300 0",
      ]);
  });
});
