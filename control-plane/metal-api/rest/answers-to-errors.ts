// What the caller is told of whatever was thrown.
import { Code, ConnectError } from "@connectrpc/connect";
import { ApiError, badRequest, conflict, unprocessable } from "../errors.ts";

export interface Answer {
  readonly statusCode: number;
  readonly message: string;
  /** Why, one by one; ours. */
  readonly reasons?: readonly string[];
  /** For members of projects, instead of message and reasons. */
  readonly toMembers?: string;
  /** True when it is our fault and belongs into the log, not to the caller. */
  readonly unexpected?: boolean;
}

const MESSAGES: Readonly<Record<string, Answer>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { statusCode: 415, message: "415: Unsupported Media Type" },
};

/** PostgreSQL's error codes (appendix A of its manual) that a caller's request may provoke in spite of all checks. */
const DATABASE: Readonly<Record<string, (detail: string) => ApiError>> = {
  "23505": (detail) => conflict(`the entity already exists: ${detail}`),
  "23503": (detail) => unprocessable(`the entity is referred to, or refers to nothing: ${detail}`),
  "22003": () => badRequest("a number is out of range"),
  "22007": () => badRequest("a time is out of range"),
  "22008": () => badRequest("a time is out of range"),
  "54000": () => badRequest("a text or a list is too long"),
  "22021": () => badRequest("a text contains a NUL character"),
  "22P05": () => badRequest("a text contains a NUL character"),
  "40001": () => conflict("the entity was changed from another, please retry"),
  "40P01": () => conflict("the entity was changed from another, please retry"),
};

/** What pg's pool says, without a code, when no connection became free in time. */
const POOL_TIMEOUT = "timeout exceeded when trying to connect";

/** gRPC codes of masterdata; what is not listed is 422 (reference/api-resources.md 2.5). */
const GRPC: Readonly<Partial<Record<Code, number>>> = {
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.Internal]: 500,
  [Code.Unavailable]: 500,
  [Code.DeadlineExceeded]: 500,
};

export function answerTo(error: unknown): Answer {
  if (error instanceof ApiError) return error;
  if (error instanceof ConnectError) {
    // A number that masterdata's messages have no room for: nothing was sent.
    if (error.rawMessage.includes("cannot encode field")) return { statusCode: 400, message: error.rawMessage };
    const message = `rpc error: code = ${Code[error.code]} desc = ${error.rawMessage}`;
    return { statusCode: GRPC[error.code] ?? 422, message };
  }
  const { code, validation, detail, statusCode, message } = error as {
    code?: string;
    validation?: { keyword: string; instancePath: string; params: Record<string, unknown>; message?: string }[];
    detail?: string;
    statusCode?: number;
    message?: string;
  };
  if (validation) return { statusCode: 400, message: validationMessage(validation[0]) };
  if (code !== undefined && Object.hasOwn(MESSAGES, code)) return MESSAGES[code]!;
  if (code !== undefined && Object.hasOwn(DATABASE, code)) return DATABASE[code]!(detail ?? "");
  if (error instanceof SyntaxError) return { statusCode: 400, message: error.message };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return { statusCode, message: message ?? "" };
  if (message === POOL_TIMEOUT)
    return { statusCode: 503, message: "metal-api has too much to do at once, please retry", unexpected: true };
  return { statusCode: 500, message: "Internal error, see the log of metal-api", unexpected: true };
}

function validationMessage(
  problem: { keyword: string; instancePath: string; params: Record<string, unknown>; message?: string } | undefined,
): string {
  if (!problem) return "the request is not as the API's document says";
  const where = problem.instancePath.slice(1).replaceAll("/", ".");
  const prefix = where === "" ? "" : `${where}.`;
  if (problem.keyword === "minLength") return `${where} should not be empty`;
  if (problem.keyword === "required")
    return `${prefix}${String(problem.params["missingProperty"])} should not be empty`;
  return `${where || "body"} ${problem.message ?? "is wrong"}`;
}
