// Our client against a foreign BMC: Debian's ipmi_sim (openipmi).
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeFru } from "../fru.ts";
import { encodeGuid } from "../guid.ts";
import * as bmc from "./commands.ts";
import { readFru } from "./fru.ts";
import { IpmiSession, type SessionOptions } from "./session.ts";
import { enableUser, getUserAccess, getUserName, grantAccess, setUserName, setUserPassword } from "./users.ts";

const UUID = "a1234567-89ab-4def-a123-456789abcdef";
const folder = mkdtempSync(join(tmpdir(), "ipmi-sim-"));
const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
let port: number;
let simulator: ChildProcess;

function options(more: Partial<SessionOptions> = {}): SessionOptions {
  return { host: "127.0.0.1", port, user: "metal", password: "metalpw", ...more };
}

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}

describe("our client with ipmi_sim", () => {
  beforeAll(async () => {
    port = await freePort();
    const script = join(folder, "chassis.sh");
    // Keeps the power state in a file and writes down what it is asked.
    writeFileSync(
      script,
      `#!/bin/sh
cd ${folder}; echo "$@" >> calls; shift
if [ "$1" = get ]; then [ "$2" = power ] && echo "power:$(cat power 2>/dev/null || echo 0)"; [ "$2" = boot ] && echo boot:default; fi
[ "$1 $2" = "set power" ] && echo "$3" > power
exit 0
`,
      { mode: 0o755 },
    );
    const access = ["callback", "user", "operator", "admin"].map(
      (level) => `allowed_auths_${level} none md2 md5 straight`,
    );
    writeFileSync(
      join(folder, "lan.conf"),
      `name "m1"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    ${access.join("\n    ")}
    guid ${encodeGuid(UUID, "ipmi").toString("hex")}
  endlan
  chassis_control "${script} 0x20"
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "metal" "metalpw" admin 10 none md2 md5 straight
`,
    );
    const fru = encodeFru({
      product: { manufacturer: "Acme", name: "S1", partNumber: "PN", version: "", serial: "SN-7", assetTag: "" },
    });
    writeFileSync(join(folder, "fru.bin"), fru);
    writeFileSync(
      join(folder, "sim.emu"),
      `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_add_fru_data 0x20 0 ${fru.length} file 0 "${join(folder, "fru.bin")}"
mc_enable 0x20
`,
    );
    const files = ["-c", join(folder, "lan.conf"), "-f", join(folder, "sim.emu"), "-s", join(folder, "state")];
    simulator = spawn("ipmi_sim", ["-n", ...files], { stdio: "ignore" });
    for (let left = 50; ; left -= 1) {
      try {
        await (await IpmiSession.open(options({ patience: { attempts: 1, firstWaitMs: 500 } }))).close();
        return;
      } catch (error) {
        if (left === 0) throw error;
        await sleep(100);
      }
    }
  });

  afterAll(async () => {
    simulator.kill("SIGKILL");
    await once(simulator, "exit");
    rmSync(folder, { recursive: true });
  });

  it("falls back to the one cipher suite that it has, and reads who it is", async () => {
    await using session = await IpmiSession.open(options());
    expect(session.cipherSuite).toBe(3);
    expect(await bmc.getDeviceId(session)).toEqual({ firmware: "9.08", manufacturerId: 0x1291, productId: 0xf02 });
    expect((await bmc.getSystemGuid(session)).length).toBe(16);
    expect(await readFru(session)).toMatchObject({ product: { manufacturer: "Acme", serial: "SN-7" } });
  });

  it("switches the machine and chooses its boot device", async () => {
    await using session = await IpmiSession.open(options());
    await bmc.chassisControl(session, "on");
    expect((await bmc.getChassisStatus(session)).powered).toBe(true);
    await bmc.setBootFlags(session, { device: "pxe", persistent: false, efi: false });
    await bmc.chassisControl(session, "reset");
    await bmc.chassisIdentify(session, true);
    await bmc.chassisControl(session, "off");
    expect(calls()).toEqual(expect.arrayContaining(["0x20 set boot pxe", "0x20 set reset 1", "0x20 set power 0"]));
  });

  it("makes a user who can log in", async () => {
    {
      await using session = await IpmiSession.open(options());
      await setUserName(session, 5, "tenant");
      await setUserPassword(session, 5, "sixteen-bytes-ok");
      await enableUser(session, 5, true);
      await grantAccess(session, 5, 4);
      expect(await getUserName(session, 5)).toBe("tenant");
      expect(await getUserAccess(session, 5)).toMatchObject({ enabled: true, ipmiMessaging: true, privilege: 4 });
    }
    await using session = await IpmiSession.open(options({ user: "tenant", password: "sixteen-bytes-ok" }));
    expect((await bmc.getChassisStatus(session)).powered).toBe(false);
  });

  it.each([
    ["an unknown user", { user: "nobody" }, "wrong-user"],
    ["a wrong password", { password: "wrong" }, "wrong-password"],
    ["a suite it does not have", { cipherSuites: [17] as const }, "unsupported-suite"],
  ])("says so after %s", async (_what, changes, kind) => {
    await expect(IpmiSession.open(options(changes))).rejects.toMatchObject({ kind });
  });
});
