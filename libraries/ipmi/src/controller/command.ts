import { CompletionCode } from "../completion-codes.ts";
import { CompletionError } from "../errors.ts";
import type { SolConsole } from "./sol.ts";

/** Who asks, and over which channel. The guest's own channel needs no login and may do everything. */
export interface Caller {
  readonly channel: number;
  /** The level in force; 0 before a session. */
  readonly privilege: number;
  /** Present inside a LAN session. */
  readonly session?: CallerSession;
}

/** What commands may do with the session that carries them. */
export interface CallerSession {
  readonly id: number;
  readonly userId: number;
  /** Sets the level in force, up to what was granted at login; returns false when it is too high. */
  raisePrivilege(privilege: number): boolean;
  readonly privilege: number;
  /** Connects the session with the serial console until it is detached or its peer falls silent (`onEnd`). */
  attachConsole(console: SolConsole, onEnd: () => void): void;
  detachConsole(): void;
}

export interface CommandHandler {
  /** The lowest privilege level that may run it; 0 also without a session. */
  readonly privilege: number;
  /** Shorter requests are refused with "data length invalid". */
  readonly minLength?: number;
  /** The answer's data; throws {@link CompletionError} to refuse. */
  run(data: Buffer, caller: Caller): Buffer | Promise<Buffer>;
}

/** By network function and command, see {@link commandKey}. */
export type CommandTable = ReadonlyMap<number, CommandHandler>;

export function commandKey(netFn: number, command: number): number {
  return (netFn << 8) | command;
}

export const NO_DATA: Buffer = Buffer.alloc(0);

export function refuse(completionCode: number): never {
  throw new CompletionError(completionCode);
}

/** The channel a request means: 0x0e is the one it came over (§6.3). */
export function resolveChannel(requested: number, caller: Caller, existing: readonly number[]): number {
  const channel = (requested & 0x0f) === 0x0e ? caller.channel : requested & 0x0f;
  return existing.includes(channel) ? channel : refuse(CompletionCode.INVALID_DATA_FIELD);
}
