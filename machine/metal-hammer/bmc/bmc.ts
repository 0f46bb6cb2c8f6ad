// This machine's BMC, through the kernel's IPMI device: where it is, what the board is, and a user of our own on it.
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { MachineIPMISchema, type MachineIPMI } from "@metal-stack/protocol";
import { Secret } from "@metal-stack/service";
import { run } from "../command.ts";
import type { Say } from "../console.ts";
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

const DEVICE = "/dev/ipmi0";
/** IPMI 2.0 §13.1.1 */
const RMCP_PORT = 623;
const CHANNELS = [1, 2, 3, 4, 5, 6, 7, 8];
/** A BMC may be slow, but a whole user list takes seconds, not minutes. */
const TIMEOUT_MS = 120_000;

/** A BMC that can be reached, with room for a user of ours. */
export interface LocalBmc {
  /** Address, FRU, versions; without a login. */
  readonly facts: MachineIPMI;
  /**
   * Creates or refreshes the user. Nothing is known of the BMC's state when it throws.
   * @throws {Error} without the password in its text
   */
  setLogin(login: { readonly user: string; readonly password: Secret }): Promise<void>;
}

/**
 * Reads what the BMC is. @param access arguments that tell ipmitool how to reach the BMC; none for the local one
 * @throws {Error} when it has no LAN
 */
export async function openBmc(access: readonly string[] = []): Promise<LocalBmc> {
  const ipmitool = (args: readonly string[]) => run("ipmitool", [...access, ...args], { timeoutMs: TIMEOUT_MS });
  const optional = (args: readonly string[]) => ipmitool(args).catch(() => "");

  let channel: number | undefined;
  for (const candidate of CHANNELS) {
    if (!isLanChannel(await optional(["channel", "info", String(candidate)]))) continue;
    channel = candidate;
    break;
  }
  if (channel === undefined) throw new Error("the BMC has no LAN channel");
  const lanChannel = channel;

  const lan = parseLan(await optional(["lan", "print", String(channel)]));
  const power = /Chassis Power is (on|off)/.exec(await optional(["chassis", "power", "status"]))?.[1];
  const facts = create(MachineIPMISchema, {
    address: lan.ip === undefined ? "" : `${lan.ip}:${RMCP_PORT}`,
    mac: lan.mac,
    interface: "lanplus",
    fru: parseFru(await optional(["fru", "print", "0"])),
    bmcVersion: parseFields(await optional(["mc", "info"])).get("Firmware Revision") ?? "",
    powerState: power?.toUpperCase() ?? "UNKNOWN",
  });

  return {
    facts,
    async setLogin({ user, password }) {
      const users = parseUsers(await ipmitool(["-c", "user", "list", String(lanChannel)]));
      const slot = slotFor(users, user);
      if (slot === undefined) throw new Error(`the BMC has no free slot for the user ${user}: remove a user there`);
      // Some boards refuse a name that a user has already.
      if (!users.some(({ name }) => name === user)) await ipmitool(["user", "set", "name", String(slot), user]);
      const secret = password.reveal();
      await withPrivateFile(passwordCommand(slot, secret), async (file) => {
        const answer = await ipmitool(["exec", file]).catch((error: Error) => error.message);
        if (!answer.includes(PASSWORD_SET))
          throw new Error(
            `the BMC refuses a password for user ${slot}: ${answer.replaceAll(secret, "***").slice(-300)}`,
          );
      });
      for (const command of administratorCommands(lanChannel, slot)) await optional(command);
    },
  };
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

/** As {@link openBmc}; undefined, and a line on the console, when there is no BMC or it does not answer. */
export async function bmcIfPresent(say: Say): Promise<LocalBmc | undefined> {
  if (!existsSync(DEVICE)) {
    say("no BMC in this machine");
    return undefined;
  }
  try {
    const bmc = await openBmc();
    say(`BMC ${bmc.facts.address || "without address"}, version ${bmc.facts.bmcVersion}`);
    return bmc;
  } catch (error) {
    say(`registering without BMC: ${(error as Error).message}`);
    return undefined;
  }
}

/**
 * Gives the BMC the login that metal-api has written down for it, and answers what to register: the login only when the BMC
 * took it. When it did not, metal-bmc does it over LAN.
 */
export async function withWantedLogin(
  bmc: LocalBmc,
  wanted: () => Promise<{ readonly user: string; readonly password: string }>,
  say: Say,
): Promise<MachineIPMI> {
  try {
    const { user, password } = await wanted();
    await bmc.setLogin({ user, password: new Secret(password) });
    say(`BMC user ${user} has its login`);
    return { ...bmc.facts, user, password };
  } catch (error) {
    say(`cannot give the BMC its login: ${(error as Error).message}`);
    return bmc.facts;
  }
}
