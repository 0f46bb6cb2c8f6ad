import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@metal-stack/service";
import type { Bmc, BmcConnector, BmcLogin } from "../bmc/bmc.ts";
import { DISCOVERY, logIn, type StoredLogin, tryLogin } from "./login.ts";
import { actsTwice, KNOWN_COMMANDS, powerActionFor, type Step, stepsOf, UNSUPPORTED } from "./rules.ts";

export interface Command {
  readonly commandId: string;
  readonly machineId: string;
  readonly command: string;
  readonly address: string;
  /** Likeliest first; the discovery login comes after them. */
  readonly logins: readonly StoredLogin[];
  /** Of PASSWORD: what the BMC shall accept. */
  readonly wanted: StoredLogin | undefined;
}

/** What metal-api says before something is done that must not be done twice. */
interface Started {
  readonly goAhead: boolean;
  readonly startedBefore: boolean;
}

export interface ExecutorOptions {
  readonly connect: BmcConnector;
  readonly discoveryLogin: BmcLogin;
  readonly log: Logger;
  /** For everything that one command does, logins included. */
  readonly deadlineMs: number;
}

/** Some BMCs take a second or two before a new password counts. */
const PASSWORD_PAUSES_MS = [0, 500, 2_000, 5_000];

/**
 * Does what the command says; throws an Error that a person can read. Answers the id of the login that the BMC accepted,
 * empty for the discovery login.
 * @param started asks metal-api whether a command that must not be done twice may be done
 */
export async function execute(
  command: Command,
  options: ExecutorOptions,
  started: (signal: AbortSignal) => Promise<Started>,
  stop: AbortSignal,
): Promise<string> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(options.deadlineMs)]);
  if (command.command === "PASSWORD") return setPassword(command, options, signal);
  const impossible = UNSUPPORTED.get(command.command);
  if (impossible !== undefined) throw new Error(impossible);
  const steps = stepsOf(command.command);
  if (!steps) throw new Error(`unknown command "${command.command}"; known are ${KNOWN_COMMANDS.join(", ")}`);
  const { bmc, id } = await logIn(command, options, signal);
  await using _ = bmc;
  for (const step of steps) await take(step, bmc, () => started(signal));
  return id === DISCOVERY ? "" : id;
}

async function take(step: Step, bmc: Bmc, started: () => Promise<Started>): Promise<void> {
  if (step.do === "boot") return bmc.bootFrom(step.device);
  if (step.do === "led") return bmc.led(step.on);
  if (!actsTwice(step.action)) return bmc.power(step.action);
  const { goAhead, startedBefore } = await started();
  if (!goAhead && !startedBefore) throw new Error("nobody wants this any more: nothing was done");
  const powered = await bmc.isPowered();
  // Cut off in the middle of a cycle it is off, and what was asked for is that it starts.
  if (!goAhead && powered)
    throw new Error(
      `not known whether the ${step.action} happened: metal-bmc was ended while it did it. The machine is on; ` +
        "it is not done a second time by itself",
    );
  return bmc.power(powerActionFor(step.action, powered));
}

/**
 * Sees to it that the BMC accepts the wanted login, and proves it by logging in. Repeating it does no harm: a BMC that
 * accepts it already is left alone.
 */
async function setPassword(command: Command, options: ExecutorOptions, signal: AbortSignal): Promise<string> {
  const { address, wanted } = command;
  if (!wanted) throw new Error("a PASSWORD command without the login that is wanted");
  const accepted = async () => {
    const bmc = await tryLogin(address, wanted, options, signal);
    await bmc?.[Symbol.asyncDispose]();
    return bmc !== undefined;
  };
  if (await accepted()) return wanted.id;
  const others = command.logins.filter(({ id }) => id !== wanted.id);
  {
    const { bmc } = await logIn({ ...command, logins: others }, options, signal);
    // Closing tells the BMC; one that ended the session with the old password does not mind.
    await using _ = bmc;
    await bmc.setLogin(wanted);
  }
  for (const pause of PASSWORD_PAUSES_MS) {
    await sleep(pause, undefined, { signal });
    if (await accepted()) return wanted.id;
  }
  throw new Error(`the BMC took a new password for "${wanted.user}" but does not let it in`);
}
