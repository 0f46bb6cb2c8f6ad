// health, version, whoami.
import type { Command } from "commander";
import { ApiError, apiClient, currentContext, currentToken, type GlobalFlags } from "../configuration.ts";
import { expiryOf } from "../login/token.ts";
import { CLIENT_VERSION } from "../version.ts";
import { isTabular, print, printing, render } from "../output/printer.ts";
import type { Doc } from "../resources/resource.ts";
import { examples } from "./examples.ts";

/** A document that has no columns. */
function whole(document: Doc, flags: GlobalFlags): string {
  const how = printing(flags, "yaml");
  return render([document], [], isTabular(how.format) ? { ...how, format: "yaml" } : how, true);
}

const isHealth = (body: unknown): body is Doc => typeof body === "object" && body !== null && "status" in body;

export function addGeneralCommands(program: Command): void {
  examples(program.command("health").description("is the API healthy; the exit code tells"), [
    "of each service",
    "-o yaml",
  ]).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<GlobalFlags>();
    const health = await apiClient(flags)
      .get<Doc>("/v1/health")
      .catch((error: unknown) => {
        // An unhealthy API answers 500 with its own document.
        if (error instanceof ApiError && isHealth(error.body)) return error.body;
        throw error;
      });
    console.log(whole(health, flags));
    if (health["status"] !== "healthy") process.exitCode = 1;
  });
  examples(program.command("version").description("version of client and server"), [
    "for a script",
    "-o template --template '{{ .client }}'",
  ]).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<GlobalFlags>();
    const show = (version: Doc) => console.log(whole(version, flags));
    try {
      show({ client: CLIENT_VERSION, server: await apiClient(flags, 0).get<Doc>("/v1/version") });
    } catch (error) {
      // What can be said of this program is said.
      show({ client: CLIENT_VERSION });
      throw error;
    }
  });
  examples(
    program.command("whoami").description("who the API thinks you are"),
    ["with groups and the end of the token", ""],
    ["as JSON", "-o json"],
  ).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<GlobalFlags>();
    const user = await apiClient(flags).get<Doc>("/v1/user/me");
    const context = currentContext(flags);
    const expiry = context.hmac ? undefined : expiryOf(currentToken(flags));
    const expires = expiry === undefined ? undefined : new Date(expiry).toISOString();
    if (flags.outputFormat && flags.outputFormat !== "table")
      return print(render([{ ...user, api: context.url, expires }], [], printing(flags), true));
    // The original's lines, from the API's answer instead of the token's text.
    const { Name, Tenant, Issuer, Groups } = user as Readonly<Record<string, string>> & { Groups?: string[] | null };
    console.log(`UserId: ${Name ?? ""}`);
    if (Tenant) console.log(`Tenant: ${Tenant}`);
    if (Issuer) console.log(`Issuer: ${Issuer}`);
    console.log(["Groups:", ...(Groups ?? []).map((group) => ` ${group}`)].join("\n"));
    if (expires) console.log(`Expires at ${expires}`);
  });
}
