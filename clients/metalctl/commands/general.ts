// health, version, whoami.
import type { Command } from "commander";
import { dump } from "js-yaml";
import { ApiError, apiClient, currentContext, currentToken, type GlobalFlags } from "../configuration.ts";
import { expiryOf } from "../login/token.ts";
import { CLIENT_VERSION } from "../version.ts";
import { printing, render } from "../output/printer.ts";
import type { Doc } from "../resources/resource.ts";

export function addGeneralCommands(program: Command): void {
  program
    .command("health")
    .description("is the API healthy; the exit code tells")
    .action(async (_, command: Command) => {
      try {
        const health = await apiClient(command.optsWithGlobals<GlobalFlags>()).get<Doc>("/v1/health");
        console.log(dump(health).trimEnd());
        if (health["status"] !== "healthy") process.exitCode = 1;
      } catch (error) {
        // An unhealthy API answers 500 with its own document; the client keeps the text.
        if (!(error instanceof ApiError)) throw error;
        console.log(error.message);
        process.exitCode = 1;
      }
    });
  program
    .command("version")
    .description("version of client and server")
    .action(async (_, command: Command) => {
      const server = await apiClient(command.optsWithGlobals<GlobalFlags>())
        .get<Doc>("/v1/version")
        .catch((error: unknown) => ({ error: (error as Error).message }));
      console.log(dump({ client: CLIENT_VERSION, server }).trimEnd());
    });
  program
    .command("whoami")
    .description("who the API thinks you are")
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags>();
      const user = await apiClient(flags).get<Doc>("/v1/user/me");
      const context = currentContext(flags);
      const expiry = context.hmac ? undefined : expiryOf(currentToken(flags));
      const expires = expiry === undefined ? undefined : new Date(expiry).toISOString();
      if (flags.outputFormat && flags.outputFormat !== "table")
        return console.log(render([{ ...user, api: context.url, expires }], [], printing(flags), true));
      // The original's lines, from the API's answer instead of the token's text.
      const { Name, Tenant, Issuer, Groups } = user as Readonly<Record<string, string>> & { Groups?: string[] | null };
      console.log(`UserId: ${Name ?? ""}`);
      if (Tenant) console.log(`Tenant: ${Tenant}`);
      if (Issuer) console.log(`Issuer: ${Issuer}`);
      console.log(["Groups:", ...(Groups ?? []).map((group) => ` ${group}`)].join("\n"));
      if (expires) console.log(`Expires at ${expires}`);
    });
}
