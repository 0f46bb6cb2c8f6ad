// Every error that ends a command, in the order: what happened, details, what to do next. A refused command on a machine
// says why the machine is as it is.
import type { Command } from "commander";
import {
  ApiError,
  apiClient,
  currentContext,
  currentToken,
  sourceOfUrl,
  type GlobalFlags,
  NetworkError,
  TimeoutError,
} from "./configuration.ts";
import { Refusal, tell, type Telling } from "./errors.ts";
import { isUnknownIssuer } from "./trust.ts";
import { expiryOf } from "./login/token.ts";

let running: Command | undefined;

/** Which command runs: what it is about belongs to its error. */
export function remember(command: Command): void {
  running = command;
}

export async function explain(error: Error): Promise<string> {
  if (error instanceof Refusal) return tell(error.message, error);
  try {
    const flags = running?.optsWithGlobals<GlobalFlags>() ?? {};
    if (isUnknownIssuer(error)) return tell(error.message.replace(/;.*/, ""), untrusted(flags));
    if (error instanceof NetworkError || error instanceof TimeoutError) return tell(error.message, unreachable(flags));
    if (error instanceof ApiError) return tell(`${error.message} (HTTP ${error.status})`, await refused(error, flags));
  } catch {
    // Whatever is wrong with the explanation: the error itself is the news.
  }
  return tell(error.message, {});
}

function untrusted(flags: GlobalFlags): Telling {
  const { certificate_authority_data: ca } = currentContext(flags);
  return {
    details: `Nobody that ${ca ? "certificate_authority_data" : "this machine"} trusts vouches for the API.`,
    next: "give its CA's certificate, PEM in base64, in certificate_authority_data of the context or METALCTL_CERTIFICATE_AUTHORITY_DATA",
  };
}

function unreachable(flags: GlobalFlags): Telling {
  const { url } = currentContext(flags);
  return {
    details: `The API is expected at ${url} (${sourceOfUrl(flags)}).`,
    next: "check that address, your network and VPN, or take another context: metalctl context",
  };
}

async function refused({ status, reasons }: ApiError, flags: GlobalFlags): Promise<Telling> {
  // The API's own reasons, one for each machine it looked at.
  if (reasons.length > 0) return { details: reasons.map((reason) => `- ${reason}`).join("\n") };
  const noun = running?.parent && running.parent.parent ? pathOf(running.parent) : undefined;
  if (status === 401) return unauthorized(flags);
  if (status === 403) return forbidden(flags);
  if (status === 404 && noun && running?.parent?.commands.some((command) => command.name() === "list"))
    return { next: `see what there is: metalctl ${noun} list` };
  if (status >= 500) return { next: "see how the API is: metalctl health" };
  const id = running?.processedArgs[0] as unknown;
  if (typeof id !== "string" || !noun?.startsWith("machine")) return {};
  const { whyOf } = await import("./commands/machine-why.ts");
  return { details: await whyOf(apiClient(flags), id) };
}

/** Who is not known is forbidden all, too. */
function forbidden(flags: GlobalFlags): Telling {
  const { hmac } = currentContext(flags);
  const expiry = expiryOf(currentToken(flags));
  const known = hmac || (currentToken(flags) && !(expiry !== undefined && expiry < Date.now()));
  if (!known) return unauthorized(flags);
  const key = hmac ? "check hmac and hmac_auth_type of the context (METALCTL_HMAC, METALCTL_HMAC_AUTH_TYPE), and " : "";
  return { next: `${key}see who you are and your groups: metalctl whoami; another context may have more rights` };
}

function unauthorized(flags: GlobalFlags): Telling {
  if (currentContext(flags).hmac)
    return { next: "check hmac and hmac_auth_type of the current context, or METALCTL_HMAC" };
  const token = currentToken(flags);
  const expiry = expiryOf(token);
  const over = expiry !== undefined && expiry < Date.now();
  return {
    details: !token
      ? "You are not logged in."
      : over
        ? `Your token ended at ${new Date(expiry).toISOString()}.`
        : undefined,
    next: flags.apiToken ? "give a valid --api-token, or log in: metalctl login" : "log in: metalctl login",
  };
}

/** "machine power" */
function pathOf(command: Command): string {
  const above = command.parent?.parent ? `${pathOf(command.parent)} ` : "";
  return above + command.name();
}
