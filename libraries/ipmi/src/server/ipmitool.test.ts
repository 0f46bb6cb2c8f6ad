// Our BMC as a foreign client sees it: Debian's ipmitool.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestBmc } from "../test-bmc.ts";

const run = promisify(execFile);

describe.each(["3", "17"])("ipmitool with cipher suite %s", (suite) => {
  let bmc: TestBmc;
  beforeEach(async () => {
    bmc = await TestBmc.start();
  });
  afterEach(() => bmc.stop());

  async function ipmitool(...command: string[]): Promise<string> {
    return ipmitoolAs("metal", "metalpw", ...command);
  }

  async function ipmitoolAs(user: string, password: string, ...command: string[]): Promise<string> {
    const login = ["-I", "lanplus", "-C", suite, "-H", "127.0.0.1", "-p", String(bmc.port), "-U", user, "-P", password];
    const { stdout } = await run("ipmitool", [...login, "-N", "1", "-R", "2", ...command]);
    return stdout;
  }

  it("switches the machine on, resets it and switches it off", async () => {
    expect(await ipmitool("power", "status")).toContain("Chassis Power is off");
    await ipmitool("power", "on");
    expect(await ipmitool("power", "status")).toContain("Chassis Power is on");
    await ipmitool("power", "reset");
    await ipmitool("power", "cycle");
    await ipmitool("power", "soft");
    await ipmitool("power", "off");
    expect(bmc.chassis.actions).toEqual(["on", "reset", "cycle", "soft-off", "off"]);
  });

  it("is told that a machine that is off cannot be reset", async () => {
    await expect(ipmitool("power", "reset")).rejects.toThrow(/not supported in present state/i);
  });

  it("sets what the machine boots from, once or for good", async () => {
    await ipmitool("chassis", "bootdev", "pxe");
    expect(bmc.controller.bootFlags).toEqual({ device: "pxe", persistent: false, efi: false });
    await ipmitool("chassis", "bootdev", "disk", "options=persistent,efiboot");
    expect(bmc.controller.bootFlags).toEqual({ device: "disk", persistent: true, efi: true });
    expect(await ipmitool("chassis", "bootparam", "get", "5")).toContain("Force Boot from default Hard-Drive");
    await ipmitool("chassis", "bootdev", "bios");
    expect(bmc.controller.bootFlags?.device).toBe("bios");
    bmc.controller.booted();
    expect(bmc.controller.bootFlags).toBeUndefined();
  });

  it("makes a user with a new password, who then logs in", async () => {
    await ipmitool("user", "set", "name", "5", "hammer");
    await ipmitool("user", "set", "password", "5", "a-long-password-1234", "20");
    await ipmitool("user", "enable", "5");
    await ipmitool("channel", "setaccess", "1", "5", "link=on", "ipmi=on", "callin=on", "privilege=4");
    await ipmitool("sol", "payload", "enable", "1", "5");
    expect(await ipmitool("user", "list", "1")).toMatch(/5\s+hammer\s+true\s+true\s+true\s+ADMINISTRATOR/);
    await ipmitool("user", "test", "5", "20", "a-long-password-1234");
    expect(await ipmitoolAs("hammer", "a-long-password-1234", "power", "status")).toContain("off");
    await ipmitool("user", "disable", "5");
    await expect(ipmitoolAs("hammer", "a-long-password-1234", "power", "status")).rejects.toThrow();
  });

  it("is refused with a wrong password and with an unknown user", async () => {
    await expect(ipmitoolAs("metal", "wrong", "power", "status")).rejects.toThrow(/Unable to establish/);
    await expect(ipmitoolAs("nobody", "metalpw", "power", "status")).rejects.toThrow(/Unable to establish/);
  });

  it("reads who the machine is", async () => {
    expect(await ipmitool("mc", "guid", "ipmi")).toContain(bmc.uuid);
    expect(await ipmitool("mc", "info")).toMatch(/Firmware Revision\s+: 1\.07/);
    const fru = await ipmitool("fru", "print");
    expect(fru).toMatch(/Product Manufacturer\s+: Metal Works/);
    expect(fru).toMatch(/Board Serial\s+: B-1/);
    const lan = await ipmitool("lan", "print", "1");
    expect(lan).toMatch(/MAC Address\s+: 52:54:00:00:00:01/);
    expect(lan).toMatch(/Subnet Mask\s+: 255\.255\.255\.0/);
    expect(await ipmitool("channel", "info", "1")).toContain("802.3 LAN");
  });

  it("lights the identify LED", async () => {
    await ipmitool("chassis", "identify", "force");
    expect(bmc.chassis.led).toBe(true);
    expect(await ipmitool("chassis", "identify", "0")).toContain("off");
    expect(bmc.chassis.led).toBe(false);
  });
});
