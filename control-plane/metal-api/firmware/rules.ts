// What firmware files are called, and which of them a machine may be given (reference/api-resources.md 8.6). Pure.
import type { FirmwaresResponse } from "@metal-stack/api-schema";
import { badRequest, unprocessable } from "../errors.ts";

export type FirmwareKind = "bios" | "bmc";
/** In the order in which lists show them. */
export const FIRMWARE_KINDS: readonly FirmwareKind[] = ["bmc", "bios"];

export interface Firmware {
  readonly kind: FirmwareKind;
  readonly vendor: string;
  readonly board: string;
  readonly revision: string;
}

/** Undefined for a kind that nobody knows. */
export function kindOf(text: string): FirmwareKind | undefined {
  return FIRMWARE_KINDS.find((kind) => kind === text.toLowerCase());
}

/** The file that a request names, as it is stored. Throws 400. */
export function firmwareOf(named: { kind: string; vendor: string; board: string; revision: string }): Firmware {
  const kind = kindOf(named.kind);
  if (!kind) throw badRequest(`unknown firmware kind "${named.kind}"`);
  const odd = [named.vendor, named.board, named.revision].find((part) => part === "" || /[/\p{Cc}]/u.test(part));
  if (odd !== undefined)
    throw badRequest(`"${odd}" cannot name a firmware: vendor, board and revision must not be empty nor contain "/"`);
  return { kind, ...boardOf(named), revision: named.revision };
}

/** A board as keys have it. */
export function boardOf(named: { readonly vendor: string; readonly board: string }) {
  return { vendor: named.vendor.toLowerCase(), board: named.board.toUpperCase() };
}

export const keyOf = ({ kind, vendor, board, revision }: Firmware): string => `${kind}/${vendor}/${board}/${revision}`;

/** The firmware that a key of the bucket stands for; undefined for whatever else lies there. */
export function firmwareAt(key: string): Firmware | undefined {
  const [kind, vendor, board, revision, ...more] = key.split("/");
  const known = FIRMWARE_KINDS.find((candidate) => candidate === kind);
  if (!known || !vendor || !board || !revision || more.length > 0) return undefined;
  return { kind: known, vendor, board, revision };
}

/** What a machine runs now; empty where nobody told. */
export interface InstalledFirmware {
  readonly vendor: string;
  readonly board: string;
  readonly revisions: Readonly<Record<FirmwareKind, string>>;
}

/** The answer of a list: all kinds that were asked for are in it, empty ones too. */
export function firmwaresResponse(kinds: readonly FirmwareKind[], files: readonly Firmware[]): FirmwaresResponse {
  const answer: FirmwaresResponse = {
    revisions: Object.fromEntries(kinds.map((kind) => [kind, { VendorRevisions: Object.create(null) as never }])),
  };
  for (const { kind, vendor, board, revision } of files) {
    const vendors = answer.revisions[kind]?.VendorRevisions;
    if (!vendors) continue;
    const boards = (vendors[vendor] ??= { BoardRevisions: Object.create(null) as never }).BoardRevisions;
    (boards[board] ??= []).push(revision);
  }
  return answer;
}

/** The file to update a machine with. Throws 422 when it runs that revision already, or the store has none for its board. */
export function updateOf(
  machine: InstalledFirmware,
  wanted: { readonly kind: string; readonly revision: string },
  available: readonly Firmware[],
): Firmware {
  const { kind, revision } = wanted;
  const known = FIRMWARE_KINDS.find((candidate) => candidate === kind);
  if (known && machine.revisions[known] === revision)
    throw unprocessable(`machine's ${kind} version is already equal ${revision}`);
  const file = available.find((firmware) => firmware.kind === known && firmware.revision === revision);
  if (!file) throw unprocessable(`machine's ${kind} firmware in version ${revision} is not available`);
  return file;
}
