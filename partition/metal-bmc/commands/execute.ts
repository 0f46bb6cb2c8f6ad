import type { Logger, Secret } from "@metal-stack/service";
import { type Bmc, type BmcConnector, type BmcLogin, LoginRefused } from "../bmc/bmc.ts";
import { KNOWN_COMMANDS, powerActionFor, type Step, stepsOf } from "./rules.ts";

export interface Command {
  readonly commandId: string;
  readonly machineId: string;
  readonly command: string;
  readonly address: string;
  /** Empty: the discovery credentials. */
  readonly user: string;
  readonly password: Secret;
}

export interface ExecutorOptions {
  readonly connect: BmcConnector;
  readonly discoveryLogin: BmcLogin;
  readonly log: Logger;
  /** For everything that one command does, logins included. */
  readonly deadlineMs: number;
}

/** Does what the command says; throws an Error that a person can read. */
export async function execute(command: Command, options: ExecutorOptions, stop: AbortSignal): Promise<void> {
  const steps = stepsOf(command.command);
  if (!steps) throw new Error(`unknown command "${command.command}"; known are ${KNOWN_COMMANDS.join(", ")}`);
  const signal = AbortSignal.any([stop, AbortSignal.timeout(options.deadlineMs)]);
  await using bmc = await logIn(command, options, signal);
  for (const step of steps) await take(step, bmc);
}

async function take(step: Step, bmc: Bmc): Promise<void> {
  if (step.do === "boot") return bmc.bootFrom(step.device);
  if (step.do === "led") return bmc.led(step.on);
  const needsState = step.action === "reset" || step.action === "cycle";
  const action = needsState ? powerActionFor(step.action, await bmc.isPowered()) : step.action;
  return bmc.power(action);
}

async function logIn(command: Command, options: ExecutorOptions, signal: AbortSignal): Promise<Bmc> {
  const { connect, discoveryLogin, log } = options;
  if (command.user === "") return connect(command.address, discoveryLogin, signal);
  try {
    return await connect(command.address, { user: command.user, password: command.password }, signal);
  } catch (error) {
    if (!(error instanceof LoginRefused)) throw error;
    log.warn(
      { machine: command.machineId, bmc: command.address, user: command.user, discoveryUser: discoveryLogin.user },
      "the BMC refuses the machine's own login; trying the discovery login",
    );
    try {
      return await connect(command.address, discoveryLogin, signal);
    } catch (second) {
      if (!(second instanceof LoginRefused)) throw second;
      throw new Error(`${error.message}; the discovery login is refused too: ${second.message}`, { cause: second });
    }
  }
}
