import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeBinary } from "./bundle.ts";
import { elfNeeds } from "./elf.ts";

describe("what a program needs", () => {
  it("stands in its headers", () => {
    const needs = elfNeeds(readFileSync(nodeBinary()));
    expect(needs?.interpreter).toBe("/lib64/ld-linux-x86-64.so.2");
    expect(needs?.libraries).toContain("libc.so.6");
    expect(needs?.libraries).toContain("libstdc++.so.6");
  });

  it("is nothing for a script", () => {
    expect(elfNeeds(Buffer.from("#!/bin/sh\n".padEnd(100)))).toBeUndefined();
  });
});
