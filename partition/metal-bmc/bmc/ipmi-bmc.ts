import * as ipmi from "@metal-stack/ipmi";
import { parseAddress } from "./address.ts";
import {
  type Bmc,
  type BmcConnector,
  type BmcFacts,
  type BmcLogin,
  type BootDevice,
  LoginRefused,
  type PowerAction,
} from "./bmc.ts";

export const connectIpmi: BmcConnector = async (address, login, signal) => {
  const where = parseAddress(address);
  if (!where) throw new Error(`"${address}" is not an address of a BMC: expected host:port`);
  try {
    const password = login.password.reveal();
    return new IpmiBmc(await ipmi.IpmiSession.open({ ...where, user: login.user, password, signal }));
  } catch (error) {
    if (error instanceof ipmi.IpmiError && error.loginRefused) throw new LoginRefused(error.message, { cause: error });
    throw error;
  }
};

/** The factory's administrator; 1 is the nameless user (IPMI 2.0 §22.28 and common practice). */
const FACTORY_SLOT = 2;

class IpmiBmc implements Bmc {
  readonly #session: ipmi.IpmiSession;

  constructor(session: ipmi.IpmiSession) {
    this.#session = session;
  }

  async machineId(): Promise<string> {
    return ipmi.guessGuid(await ipmi.getSystemGuid(this.#session));
  }

  async isPowered(): Promise<boolean> {
    return (await ipmi.getChassisStatus(this.#session)).powered;
  }

  power(action: PowerAction): Promise<void> {
    return ipmi.chassisControl(this.#session, action);
  }

  /** Persistent, and with the EFI bit, as the original sets it (reference/partition-services.md 4.5). */
  bootFrom(device: BootDevice): Promise<void> {
    // Into the BIOS setup only once: a machine that stops there at every boot is lost.
    return ipmi.setBootFlags(this.#session, { device, persistent: device !== "bios", efi: true });
  }

  led(on: boolean): Promise<void> {
    return ipmi.chassisIdentify(this.#session, on);
  }

  async setLogin({ user, password }: BmcLogin): Promise<void> {
    const session = this.#session;
    const { slot, isNew } = await this.#slotFor(user);
    if (isNew) await ipmi.setUserName(session, slot, user);
    await ipmi.setUserPassword(session, slot, password.reveal());
    // A tenant may have taken the user's rights away. Boards differ in which of these they know.
    await unlessRefused(ipmi.grantAccess(session, slot, ipmi.Privilege.ADMINISTRATOR), undefined);
    await unlessRefused(ipmi.enableUser(session, slot, true), undefined);
    await unlessRefused(ipmi.grantSol(session, slot), undefined);
  }

  /** The user's own slot, or the first free one behind the nameless user and the factory's. */
  async #slotFor(user: string): Promise<{ slot: number; isNew: boolean }> {
    let free: number | undefined;
    for (let slot = FACTORY_SLOT; slot <= ipmi.MAX_USERS; slot += 1) {
      // BMCs with fewer slots refuse the others.
      const name = await unlessRefused<string | undefined>(ipmi.getUserName(this.#session, slot), undefined);
      if (name === user) return { slot, isNew: false };
      if (name === "" && slot > FACTORY_SLOT) free ??= slot;
    }
    if (free === undefined) throw new Error(`the BMC has no free slot for the user ${user}: remove a user there`);
    return { slot: free, isNew: true };
  }

  async facts(): Promise<BmcFacts> {
    const session = this.#session;
    const machineId = await this.machineId();
    const { firmware } = await ipmi.getDeviceId(session);
    const { powered, identify } = await ipmi.getChassisStatus(session);
    // Not every BMC has a FRU inventory or its LAN on channel 1: a machine is worth reporting without.
    const fru = await unlessRefused(ipmi.readFru(session), {});
    const mac = await unlessRefused(ipmi.getLanMac(session), "");
    return {
      machineId,
      mac,
      bmcVersion: firmware,
      powered,
      led: identify,
      fru: {
        chassisPartNumber: fru.chassis?.partNumber ?? "",
        chassisPartSerial: fru.chassis?.serial ?? "",
        boardMfg: fru.board?.manufacturer ?? "",
        boardMfgSerial: fru.board?.serial ?? "",
        boardPartNumber: fru.board?.partNumber ?? "",
        productManufacturer: fru.product?.manufacturer ?? "",
        productPartNumber: fru.product?.partNumber ?? "",
        productSerial: fru.product?.serial ?? "",
      },
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#session.close();
  }
}

async function unlessRefused<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ipmi.IpmiError && (error.kind === "completion" || error.kind === "malformed"))
      return otherwise;
    throw error;
  }
}
