// What can go wrong with a call. Three classes, so that a program can tell "it said no" from "nobody answered".

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly reasons?: readonly string[];
  readonly requestId?: string;
}

/** The API refused: it was reached, and nothing was done unless the status is 500 or more. */
export class MetalError extends Error {
  override readonly name = "MetalError";
  /** HTTP's, from 400. */
  readonly status: number;
  /** Why each candidate was refused, when there were several. */
  readonly reasons: readonly string[];
  /** By which the API's log knows the request; undefined when the answer has none. */
  readonly requestId: string | undefined;

  constructor({ status, message, reasons = [], requestId }: Refusal) {
    super(message);
    this.status = status;
    this.reasons = reasons;
    this.requestId = requestId;
  }
}

/** The API could not be reached, or what answered does not speak JSON. Whether something was done is unknown. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
}

/** There was no answer in time. Whether something was done is unknown. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** The issuer of tokens gave none; somebody has to log in again, or the issuer is away. */
export class LoginError extends Error {
  override readonly name = "LoginError";
}

/** Enough of a strange answer to recognise a proxy's error page. */
const MAX_FOREIGN_TEXT = 500;

/**
 * The error that an answer of status 400 or more stands for. The API's are JSON strings that hold a JSON object
 * (reference/api-resources.md 2.5); plain objects, bare strings and other texts are understood as well.
 */
export function refusalOf(status: number, body: string, requestId: string | undefined): MetalError {
  const more = requestId === undefined ? {} : { requestId };
  const foreign = { status, message: body.slice(0, MAX_FOREIGN_TEXT) || `HTTP status ${status}`, ...more };
  let value = parsed(body);
  if (typeof value === "string") value = parsed(value) ?? { message: value };
  if (typeof value !== "object" || value === null) return new MetalError(foreign);
  const { message, reasons } = value as { message?: unknown; reasons?: unknown };
  if (typeof message !== "string") return new MetalError(foreign);
  return new MetalError({
    status,
    message,
    ...(Array.isArray(reasons) ? { reasons: reasons.map(String) } : {}),
    ...more,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
