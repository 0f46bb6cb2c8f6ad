// Calls of the original's client in an order that makes sense: one row a call. A row says which Go type the client must
// return, which is where the exact success status shows, and what it must have read.
import { machineId } from "../../testing/agents.ts";
import type { Role } from "../client.ts";

/** What earlier rows returned, by their operation. */
export type Seen = Readonly<Record<string, Record<string, unknown>>>;

export interface Row {
  readonly operation: string;
  readonly parameters?: object | ((seen: Seen) => object);
  /** metal-admin unless told. */
  readonly role?: Role;
  /** What follows the operation's name in the Go type: "OK" unless told. */
  readonly result?: string;
  /** A part of what was read; of lists, some entries. */
  readonly payload?: unknown;
  /** A part of the message of an error. */
  readonly error?: string;
  /** Of an error, as its body tells it. */
  readonly statuscode?: number;
}

export const M1 = machineId(1);
export const M2 = machineId(2);
/** A machine of which only its BMC is known. */
export const SPARE = machineId(3);
export const PROJECT = "00000000-0000-0000-0000-0000000000aa";
export const NOBODY = "nobody";

export const body = (fields: object) => ({ body: fields });
export const created = { result: "Created" };
export const id = (value: unknown) => ({ id: value });
