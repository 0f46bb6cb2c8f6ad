// What carries requests: the part of fetch that the client uses, so that a program can bring its own.

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Blob;
  readonly signal: AbortSignal;
  /** Not followed: a POST would arrive as a GET, and credentials elsewhere. Browsers answer it with status 0. */
  readonly redirect: "manual";
}

export interface FetchAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** The global fetch is one. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>;

/** A transport refuses to send this, now and always. */
export class Unsendable extends TypeError {}

/** Of errors that mean that no byte was sent: trying again does nothing twice. */
const NEVER_SENT = ["ECONNREFUSED", "EAI_AGAIN"];

/** Whether an error of {@link Fetch} says that the request was not sent. Browsers do not tell. */
export function neverSent(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return NEVER_SENT.includes(String(code)) || (cause !== undefined && neverSent(cause));
}
