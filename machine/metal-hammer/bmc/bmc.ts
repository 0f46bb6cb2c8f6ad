// This machine's BMC, through the kernel's IPMI device: where it is, what the board is, and a user of our own on it.
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { MachineIPMISchema, type MachineIPMI } from "@metal-stack/protocol";
import { run } from "../command.ts";
import type { Say } from "../console.ts";
import { randomPassword } from "./password.ts";
import {
  administratorCommands,
  isLanChannel,
  parseFields,
  parseFru,
  parseLan,
  parseUsers,
  PASSWORD_SET,
  passwordCommand,
  slotFor,
} from "./rules-ipmitool.ts";

/** The original's name for the user that metal-bmc logs in with. */
const BMC_USER = "metal";
const DEVICE = "/dev/ipmi0";
/** IPMI 2.0 §13.1.1 */
const RMCP_PORT = 623;
const CHANNELS = [1, 2, 3, 4, 5, 6, 7, 8];
/** A BMC may be slow, but a whole user list takes seconds, not minutes. */
const TIMEOUT_MS = 120_000;

/**
 * Creates or refreshes the user `metal` with a fresh password and reads the BMC's facts.
 * @param access arguments that tell ipmitool how to reach the BMC; none for the local one
 * @throws {Error} without the password in its text
 */
export async function prepareBmc(access: readonly string[] = []): Promise<MachineIPMI> {
  const ipmitool = (args: readonly string[]) => run("ipmitool", [...access, ...args], { timeoutMs: TIMEOUT_MS });
  const optional = (args: readonly string[]) => ipmitool(args).catch(() => "");

  let channel: number | undefined;
  for (const candidate of CHANNELS) {
    if (!isLanChannel(await optional(["channel", "info", String(candidate)]))) continue;
    channel = candidate;
    break;
  }
  if (channel === undefined) throw new Error("the BMC has no LAN channel");

  const users = parseUsers(await ipmitool(["-c", "user", "list", String(channel)]));
  const slot = slotFor(users, BMC_USER);
  if (slot === undefined) throw new Error(`the BMC has no free slot for the user ${BMC_USER}: remove a user there`);
  // Some boards refuse a name that a user has already.
  if (!users.some(({ name }) => name === BMC_USER)) await ipmitool(["user", "set", "name", String(slot), BMC_USER]);
  const password = randomPassword();
  await withPrivateFile(passwordCommand(slot, password), async (file) => {
    const answer = await ipmitool(["exec", file]).catch((error: Error) => error.message);
    if (!answer.includes(PASSWORD_SET))
      throw new Error(`the BMC refuses a password for user ${slot}: ${answer.replaceAll(password, "***").slice(-300)}`);
  });
  for (const command of administratorCommands(channel, slot)) await optional(command);

  const lan = parseLan(await optional(["lan", "print", String(channel)]));
  const power = /Chassis Power is (on|off)/.exec(await optional(["chassis", "power", "status"]))?.[1];
  return create(MachineIPMISchema, {
    address: lan.ip === undefined ? "" : `${lan.ip}:${RMCP_PORT}`,
    mac: lan.mac,
    user: BMC_USER,
    password,
    interface: "lanplus",
    fru: parseFru(await optional(["fru", "print", "0"])),
    bmcVersion: parseFields(await optional(["mc", "info"])).get("Firmware Revision") ?? "",
    powerState: power?.toUpperCase() ?? "UNKNOWN",
  });
}

/** Lends a file that only root can read, and removes it. */
async function withPrivateFile<T>(content: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "bmc-"));
  try {
    const file = join(folder, "commands");
    await writeFile(file, content, { mode: 0o600 });
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As {@link prepareBmc}; undefined, and a line on the console, when there is no BMC or it does not do as told. */
export async function bmcIfPresent(say: Say): Promise<MachineIPMI | undefined> {
  if (!existsSync(DEVICE)) {
    say("no BMC in this machine");
    return undefined;
  }
  try {
    const ipmi = await prepareBmc();
    say(`BMC ${ipmi.address || "without address"}, version ${ipmi.bmcVersion}, user ${ipmi.user} has a new password`);
    return ipmi;
  } catch (error) {
    say(`registering without BMC: ${(error as Error).message}`);
    return undefined;
  }
}
