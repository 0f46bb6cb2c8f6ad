import * as ipmi from "@metal-stack/ipmi";
import { parseAddress } from "./address.ts";
import { type Bmc, type BmcConnector, type BmcFacts, type BootDevice, LoginRefused, type PowerAction } from "./bmc.ts";

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

class IpmiBmc implements Bmc {
  readonly #session: ipmi.IpmiSession;

  constructor(session: ipmi.IpmiSession) {
    this.#session = session;
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

  async facts(): Promise<BmcFacts> {
    const session = this.#session;
    const machineId = ipmi.guessGuid(await ipmi.getSystemGuid(session));
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
