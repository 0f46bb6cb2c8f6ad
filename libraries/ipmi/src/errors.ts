import { describeCompletionCode } from "./completion-codes.ts";

/**
 * Why a conversation with a BMC failed:
 * - `unreachable`: nobody answers at that address, or answers stopped
 * - `wrong-user`: the BMC does not know the user, or the user may not have the privilege asked for
 * - `wrong-password`: the keys do not match
 * - `unsupported-suite`: no cipher suite in common
 * - `refused`: the BMC refuses a session for another reason (all slots taken, …)
 * - `completion`: the BMC answered a command with a completion code other than 0
 * - `malformed`: an authenticated answer that does not say what the specification demands
 * - `closed`: the session was closed by us
 */
export type IpmiErrorKind =
  | "unreachable"
  | "wrong-user"
  | "wrong-password"
  | "unsupported-suite"
  | "refused"
  | "completion"
  | "malformed"
  | "closed";

export class IpmiError extends Error {
  override readonly name: string = "IpmiError";
  readonly kind: IpmiErrorKind;

  constructor(kind: IpmiErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  /** Other credentials might help. */
  get loginRefused(): boolean {
    return this.kind === "wrong-user" || this.kind === "wrong-password";
  }
}

/** A completion code other than 0, with its name from the specification. A command handler throws it to answer with it. */
export class CompletionError extends IpmiError {
  override readonly name = "CompletionError";
  readonly completionCode: number;

  constructor(completionCode: number, doing?: string) {
    const what = describeCompletionCode(completionCode);
    super("completion", doing === undefined ? what : `${doing}: ${what}`);
    this.completionCode = completionCode;
  }
}
