// health, version, whoami.
import type { Command } from "commander";
import { dump } from "js-yaml";
import { ApiError } from "@metal-stack/api-client";
import { apiClient, currentContext, type GlobalFlags } from "../configuration.ts";
import type { Doc } from "../resources/resource.ts";

export const CLIENT_VERSION = "v0.1.0";

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
      console.log(dump({ ...user, api: currentContext(flags).url }).trimEnd());
    });
}
