// Which refusal is which code, as in the original (reference/platform-services.md 1.9): its clients match on both the
// code and the word that the text begins with.
import { Code, ConnectError } from "@connectrpc/connect";
import { IpamError, type IpamErrorCode } from "@metal-stack/ipam";
import type { ipam } from "@metal-stack/protocol";

export type Method = keyof typeof ipam.IpamService.method;

/** What is not listed is INVALID_ARGUMENT. */
const CODES: Readonly<Partial<Record<Method, Partial<Record<IpamErrorCode, Code>>>>> = {
  // The original finds no prefix of an unreadable CIDR, or in an unknown namespace, in these two.
  deletePrefix: { "not-found": Code.NotFound, "no-namespace": Code.NotFound, invalid: Code.NotFound },
  releaseIP: { "not-found": Code.NotFound, "no-namespace": Code.NotFound, invalid: Code.NotFound },
  getPrefix: { "not-found": Code.NotFound },
  prefixUsage: { "not-found": Code.NotFound },
  releaseChildPrefix: { "not-found": Code.NotFound },
  acquireIP: { "already-allocated": Code.AlreadyExists, "no-address-left": Code.NotFound },
};

/** The original passes its errors on as they are in these. */
const WITHOUT_CODE: readonly Method[] = ["createNamespace", "deleteNamespace"];

const WORDS: Readonly<Partial<Record<IpamErrorCode, string>>> = {
  "not-found": "NotFound",
  "no-address-left": "NoIPAvailableError",
  "already-allocated": "AlreadyAllocatedError",
  "no-namespace": "NamespaceDoesNotExist",
};

/** Errors travel in headers, which are short, and quote what a stranger sent. */
const LONGEST_TEXT = 3000;

/** A refusal as the answer of a method; everything else stays what it is. */
export function answerTo(method: Method, error: unknown): unknown {
  if (error instanceof ConnectError) return new ConnectError(bounded(error.rawMessage), error.code);
  if (!(error instanceof IpamError)) return error;
  const word = WORDS[error.code];
  const code = WITHOUT_CODE.includes(method) ? Code.Unknown : (CODES[method]?.[error.code] ?? Code.InvalidArgument);
  return new ConnectError(bounded(word === undefined ? error.message : `${word}: ${error.message}`), code);
}

/** Also without halves of characters, which the encoding of gRPC's status text cannot take. */
function bounded(text: string): string {
  return text.slice(0, LONGEST_TEXT).toWellFormed();
}
