import { spawn, type ChildProcess } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { MachineIPMISchema } from "@metal-stack/protocol";
import { Secret } from "@metal-stack/service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../command.ts";
import { type LocalBmc, openBmc, withWantedLogin } from "./bmc.ts";

/** A BMC by OpenIPMI; ipmitool reaches it over the LAN here, over the kernel's device on a machine. */
const CONFIGURATION = (port: number) => `
name "m1"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  startnow false
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "admin" "adminpw" admin 10 none md2 md5 straight
`;
const EMULATOR = `
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => {
    socket.bind(0, "127.0.0.1", resolve);
  });
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
  return port;
}

describe("the BMC", () => {
  let folder: string;
  let simulator: ChildProcess;
  let lan: (user: string, password: string) => string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bmc-test-"));
    const port = await freeUdpPort();
    await writeFile(join(folder, "lan.conf"), CONFIGURATION(port));
    await writeFile(join(folder, "sim.emu"), EMULATOR);
    simulator = spawn("ipmi_sim", ["-n", "-c", "lan.conf", "-f", "sim.emu", "-s", folder], {
      cwd: folder,
      stdio: ["pipe", "ignore", "ignore"],
    });
    lan = (user, password) => [
      "-I",
      "lanplus",
      "-C",
      "3",
      "-H",
      "127.0.0.1",
      "-p",
      String(port),
      "-U",
      user,
      "-P",
      password,
    ];
    const answers = () => run("ipmitool", [...lan("admin", "adminpw"), "mc", "info"], { timeoutMs: 5_000 });
    for (let tries = 0; tries < 50; tries += 1) {
      const up = await answers().catch(() => "");
      if (up) break;
      await sleep(100);
    }
  });
  afterAll(async () => {
    simulator.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  it("gets the login that is wanted, and another one later, in the same slot", { timeout: 60_000 }, async () => {
    const login = (password: string) => ({ user: "metal", password: new Secret(password) });
    const first = await openBmc(lan("admin", "adminpw"));
    expect(first.facts).toMatchObject({ user: "", password: "", interface: "lanplus", bmcVersion: "9.08" });
    await first.setLogin(login("First1Password22"));
    const power = (password: string) => run("ipmitool", [...lan("metal", password), "power", "status"]);
    expect(await power("First1Password22")).toContain("Chassis Power is");

    const second = await openBmc(lan("admin", "adminpw"));
    await second.setLogin(login("Second2Password3"));
    expect(await power("Second2Password3")).toContain("Chassis Power is");
    const users = await run("ipmitool", [...lan("admin", "adminpw"), "-c", "user", "list", "1"]);
    expect(users.match(/,metal,/g)).toHaveLength(1);
  });

  it("registers a login only when the BMC took it, and never tells it to the console", async () => {
    const facts = create(MachineIPMISchema, { address: "10.0.0.1:623" });
    const said: string[] = [];
    const wanted = async () => ({ user: "metal", password: "s3cretS3cret" });
    const registered = (setLogin: LocalBmc["setLogin"]) =>
      withWantedLogin({ facts, setLogin }, wanted, (line) => said.push(line));
    expect(await registered(async () => undefined)).toMatchObject({ user: "metal", password: "s3cretS3cret" });
    expect(await registered(() => Promise.reject(new Error("no")))).toMatchObject({ user: "", password: "" });
    expect(said.join()).toBe("BMC user metal has its login,cannot give the BMC its login: no");
  });
});
