import { Code, ConnectError } from "@connectrpc/connect";
import { ApiError } from "../errors.ts";

/** The gRPC codes of our refusals' HTTP statuses. */
const CODES: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  403: Code.PermissionDenied,
  404: Code.NotFound,
  409: Code.Aborted,
  422: Code.FailedPrecondition,
  500: Code.Internal,
};

/** What a caller may read of an error: our refusals in full, of anything else nothing but that it happened. */
export function toConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof ApiError) return new ConnectError(error.message, CODES[error.statusCode] ?? Code.Unknown);
  return new ConnectError("internal error, see the log of metal-api", Code.Internal, undefined, undefined, error);
}

/** Whether the error is the server's fault, and so belongs into its log. */
export function isFault(error: unknown): boolean {
  return !(error instanceof ConnectError) && !(error instanceof ApiError && error.statusCode < 500);
}
