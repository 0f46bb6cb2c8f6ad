// What BMCs say, checked and merged into what is stored. Pure.
import type { agent, MachineFRU } from "@metal-stack/protocol";
import type { Fru, Ipmi } from "../database/documents.ts";

/** IPMI over LAN (RMCP), IANA. */
const IPMI_PORT = 623;
/** SMBIOS (RFC 4122 form, lower case). */
const MACHINE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_FIELD_LENGTH = 256;

export const EMPTY_IPMI: Ipmi = {
  address: "",
  mac: "",
  user: "",
  interface: "lanplus",
  fru: {},
  bmcversion: "",
  powerstate: "",
};

/** What one BMC reports. Empty fields mean "not told". */
export interface BmcFacts {
  /** "host:port", "[IPv6]:port", or without the port. */
  readonly address: string;
  readonly mac: string;
  readonly bmcVersion: string;
  readonly biosVersion: string;
  readonly powerState: string;
  readonly indicatorLed: string;
  readonly fru: Fru;
  /** Only the original's metal-bmc tells; absent keeps what is stored. */
  readonly powermetric?: Ipmi["powermetric"];
  readonly powersupplies?: Ipmi["powersupplies"];
}

export function isMachineId(id: string): boolean {
  return MACHINE_ID.test(id);
}

/**
 * The stored address after a report: the reported host, with the stored port unless the report has one of its own.
 * Undefined for text that is no address.
 */
export function mergeAddress(stored: string, reported: string): string | undefined {
  const now = splitAddress(reported);
  if (!now) return undefined;
  return joinAddress(now.host, now.port ?? splitAddress(stored)?.port ?? IPMI_PORT);
}

function joinAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** "10.0.0.1", "10.0.0.1:623", "::1", "[::1]", "[::1]:623", "bmc.example:623". */
export function splitAddress(text: string): { host: string; port: number | undefined } | undefined {
  const bracketed = /^\[([0-9a-f:.]{2,45})\](?::(\d{1,5}))?$/i.exec(text);
  const plain = /^([a-z0-9.-]{1,253})(?::(\d{1,5}))?$/i.exec(text);
  const bare = /^[0-9a-f:.]{2,45}$/i.test(text) && text.split(":").length > 2 ? [text, text] : null;
  const match = bracketed ?? bare ?? plain;
  if (!match) return undefined;
  const port = match[2] === undefined ? undefined : Number(match[2]);
  return port !== undefined && (port < 1 || port > 65_535) ? undefined : { host: match[1]!, port };
}

/** What is stored after a report: what it tells replaces, what it does not tell stays. */
export function mergeIpmi(stored: Ipmi | null, facts: BmcFacts, now: Date): Ipmi {
  const before = stored ?? EMPTY_IPMI;
  return {
    ...before,
    address: mergeAddress(before.address, facts.address) ?? before.address,
    mac: bounded(facts.mac) || before.mac,
    bmcversion: bounded(facts.bmcVersion) || before.bmcversion,
    powerstate: bounded(facts.powerState) || before.powerstate,
    fru: { ...before.fru, ...boundedFru(facts.fru) },
    ...(facts.powermetric && { powermetric: facts.powermetric }),
    ...(facts.powersupplies && { powersupplies: facts.powersupplies }),
    last_updated: now.toISOString(),
  };
}

/** A FRU as our agents and the original's hammer tell it, by the names of the REST API. */
export function fruOf(told: agent.BmcFru | MachineFRU | undefined): Fru {
  if (!told) return {};
  return boundedFru({
    chassis_part_number: told.chassisPartNumber,
    chassis_part_serial: told.chassisPartSerial,
    board_mfg: told.boardMfg,
    board_mfg_serial: told.boardMfgSerial,
    board_part_number: told.boardPartNumber,
    product_manufacturer: told.productManufacturer,
    product_part_number: told.productPartNumber,
    product_serial: told.productSerial,
  });
}

function boundedFru(fru: { readonly [Field in keyof Fru]: string | undefined }): Fru {
  return Object.fromEntries(
    Object.entries(fru).flatMap(([key, value]: [string, string | undefined]) =>
      value === undefined || value === "" ? [] : [[key, bounded(value)]],
    ),
  );
}

function bounded(text: string): string {
  return text.replaceAll("\0", "").slice(0, MAX_FIELD_LENGTH);
}

export function isLedState(text: string): text is "LED-ON" | "LED-OFF" {
  return text === "LED-ON" || text === "LED-OFF";
}
