// Getting into a BMC: with what metal-api knows, else with the discovery login.
import { type Bmc, type BmcConnector, type BmcLogin, LoginRefused } from "../bmc/bmc.ts";
import type { Command, ExecutorOptions } from "./execute.ts";

/** One that metal-api has written down. */
export interface StoredLogin extends BmcLogin {
  readonly id: string;
}

/** In place of an id, for the login of the settings. */
export const DISCOVERY = "discovery";

/** The first login that the BMC accepts. Throws with what it says to each. */
export async function logIn(
  { machineId, address, logins }: Pick<Command, "machineId" | "address" | "logins">,
  options: ExecutorOptions,
  signal: AbortSignal,
): Promise<{ bmc: Bmc; id: string }> {
  const { discoveryLogin, log } = options;
  const refusals: string[] = [];
  for (const login of logins) {
    const bmc = await tryLogin(address, login, options, signal, refusals);
    if (bmc) return { bmc, id: login.id };
  }
  if (logins.length > 0)
    log.warn(
      { machine: machineId, bmc: address, tried: logins.length, discoveryUser: discoveryLogin.user },
      "the BMC refuses the machine's own login; trying the discovery login",
    );
  const bmc = await tryLogin(address, discoveryLogin, options, signal, refusals);
  if (bmc) {
    await demandOwner(bmc, machineId, address);
    return { bmc, id: DISCOVERY };
  }
  const last = refusals.pop()!;
  throw new Error(refusals.length === 0 ? last : `${refusals.join("; ")}; the discovery login is refused too: ${last}`);
}

/**
 * A machine tells the address of its BMC itself, and the discovery login opens every BMC: one that names another machine's
 * must not get that one reset. (The machine's own login needs no such check: no other BMC accepts it.)
 */
async function demandOwner(bmc: Bmc, machineId: string, address: string): Promise<void> {
  const owner = await bmc.machineId();
  if (owner === machineId) return;
  await bmc[Symbol.asyncDispose]();
  throw new Error(`the BMC at ${address} is that of machine ${owner}, not of ${machineId}: nothing was done`);
}

/** Undefined when the BMC refuses this login; any other failure is thrown. */
export async function tryLogin(
  address: string,
  login: BmcLogin,
  { connect }: { readonly connect: BmcConnector },
  signal: AbortSignal,
  refusals: string[] = [],
): Promise<Bmc | undefined> {
  try {
    return await connect(address, login, signal);
  } catch (error) {
    if (!(error instanceof LoginRefused)) throw error;
    refusals.push(error.message);
    return undefined;
  }
}
