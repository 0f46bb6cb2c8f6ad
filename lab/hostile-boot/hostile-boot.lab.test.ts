// The discovery image, in a machine whose clock is off by decades, at a network whose router offers it IPv6: it gets its
// certificate all the same, and takes nothing from that router.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDiscoveryImage } from "../setup/artefacts.ts";
import { EtherType, framesFrom } from "./frames.ts";
import { HostileBoot, MAC } from "./machine.ts";

const MINUTE = 60_000;
/** A start takes seconds; a host with much other work makes minutes of it. */
const LIMIT_MS = 9 * MINUTE;

const possible = ["qemu-system-x86_64", "setpriv"].every((tool) => spawnSync("which", [tool]).status === 0);
if (!possible) console.warn("SKIPPED: starts with wrong clocks (no qemu-system-x86_64 or setpriv)");

describe.skipIf(!possible)("a machine that starts", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "hostile-boot-"));
    await buildDiscoveryImage(() => undefined);
  }, 10 * MINUTE);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(["2001-01-01", "2040-01-01"])(
    "with its clock at %s sets it before it judges certificates, and speaks no IPv6",
    async (clock) => {
      await using machine = await HostileBoot.start({ folder, name: clock, clock });
      const { metalApi } = machine;
      // Told over TLS both ways: it has believed our certificate, and has one that is good now.
      const told = metalApi.until(() => metalApi.events.some(({ event }) => event === "Preparing"));
      const late = AbortSignal.timeout(LIMIT_MS - MINUTE / 2);
      const tooLate = new Promise<"too late">((resolve) => late.addEventListener("abort", () => resolve("too late")));
      const outcome = await Promise.race([told, tooLate]);
      expect(outcome === "too late" ? machine.console.slice(-2_000) : "in time").toBe("in time");
      expect(machine.console).toMatch(/clock set by -?\d+ s to 20\d\d-.*\(boot server\)/);

      const capture = readFileSync(machine.framesFile);
      expect(framesFrom(capture, MAC, EtherType.IPV4).own).toBeGreaterThan(0);
      expect(framesFrom(capture, MAC, EtherType.IPV6).own).toBe(0);
    },
    LIMIT_MS,
  );
});
