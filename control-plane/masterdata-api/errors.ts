// The errors of masterdata-api, with the codes that the original's clients know (reference/platform-services.md 2.4, 2.5,
// 2.7). Where the original answers UNKNOWN, here is the code that says what is wrong.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

export const notFound = (kind: string, id: string) =>
  new ConnectError(`${kind} of id ${JSON.stringify(id)} not found`, Code.NotFound);
export const alreadyExists = (kind: string, id: string) =>
  new ConnectError(`${kind} of id ${JSON.stringify(id)} already exists`, Code.AlreadyExists);
export const invalid = (message: string) => new ConnectError(message, Code.InvalidArgument);
export const precondition = (message: string) => new ConnectError(message, Code.FailedPrecondition);

export const staleVersion = (kind: string, id: string, stored: number, sent: number) =>
  precondition(
    `optimistic lock: ${kind} ${JSON.stringify(id)} is at version ${stored}, the request has ${sent}; read it again and repeat the change`,
  );

/** Whoever writes down what went wrong inside. */
export interface ErrorLog {
  error(details: object, message: string): void;
}

const again = new ConnectError("somebody else changed the same at the same time; repeat the request", Code.Aborted);
const NUL = invalid("a text contains the character U+0000, which cannot be stored; remove it");

/** What PostgreSQL refuses in spite of all checks (its manual, appendix A); nothing of the request was done. */
const DATABASE: Readonly<Record<string, ConnectError>> = {
  "22021": NUL,
  "22P05": NUL,
  "40001": again,
  "40P01": again,
};

/**
 * Classes 08 (connection), 53 (resources), 55 (a database that accepts no connections) and 57 (shutdown), and what the
 * operating system says of a lost connection.
 */
const UNREACHABLE = /^(08|53|55|57)...$|^E(CONN|PIPE|TIMEDOUT|HOST|NET)|^ENOENT$/;
/** What the driver says without a code. */
const LOST =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/;

/** Makes every error one that the caller may read; what is inside our house goes to the log. */
export function readableErrors(log: ErrorLog): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      if (error instanceof ConnectError) throw error;
      const { code, message = "" } = error as { code?: string; message?: string };
      if (code !== undefined && Object.hasOwn(DATABASE, code)) {
        const { rawMessage, code: answer } = DATABASE[code]!;
        throw new ConnectError(rawMessage, answer);
      }
      log.error({ err: error, method: request.method.name }, "a request failed");
      if (code === undefined ? LOST.test(message) : UNREACHABLE.test(code))
        throw new ConnectError("the database of masterdata-api does not answer; repeat the request", Code.Unavailable);
      throw new ConnectError("internal error, see the log of masterdata-api", Code.Internal);
    }
  };
}
