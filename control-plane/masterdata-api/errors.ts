// The errors of masterdata-api, with the codes that the original's clients know (reference/platform-services.md 2.4, 2.5, 2.7).
import { Code, ConnectError } from "@connectrpc/connect";

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
