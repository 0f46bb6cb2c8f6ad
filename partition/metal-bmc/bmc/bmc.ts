// What metal-bmc wants from a BMC, whatever it speaks. IPMI is the one implementation; Redfish is the next.
import type { Secret } from "@metal-stack/service";

export type BootDevice = "pxe" | "disk" | "bios";
export type PowerAction = "on" | "off" | "reset" | "cycle";

interface Fru {
  readonly chassisPartNumber: string;
  readonly chassisPartSerial: string;
  readonly boardMfg: string;
  readonly boardMfgSerial: string;
  readonly boardPartNumber: string;
  readonly productManufacturer: string;
  readonly productPartNumber: string;
  readonly productSerial: string;
}

export interface BmcFacts {
  /** SMBIOS uuid of the machine, lower case. */
  readonly machineId: string;
  /** Empty when the BMC does not tell. */
  readonly mac: string;
  readonly bmcVersion: string;
  readonly powered: boolean;
  readonly led: boolean | undefined;
  readonly fru: Fru;
}

/** A logged-in BMC. */
export interface Bmc extends AsyncDisposable {
  /** Whose it is: the SMBIOS uuid of the machine, lower case. */
  machineId(): Promise<string>;
  isPowered(): Promise<boolean>;
  /** Resets and cycles are refused by a machine that is off. */
  power(action: PowerAction): Promise<void>;
  /** What the machine boots from, from now on. */
  bootFrom(device: BootDevice): Promise<void>;
  led(on: boolean): Promise<void>;
  /** Gives the user of this name the password, and makes it an administrator over LAN; the user is made if need be. */
  setLogin(login: BmcLogin): Promise<void>;
  facts(): Promise<BmcFacts>;
}

export interface BmcLogin {
  readonly user: string;
  readonly password: Secret;
}

/** The BMC does not accept the login; another one may help. */
export class LoginRefused extends Error {
  override readonly name = "LoginRefused";
}

/** Logs in. Throws LoginRefused, or an Error whose message says what is wrong; ends with the signal. */
export type BmcConnector = (address: string, login: BmcLogin, signal: AbortSignal) => Promise<Bmc>;
