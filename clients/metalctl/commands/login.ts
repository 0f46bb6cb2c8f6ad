// `login`, `logout`: OIDC in the browser (reference/platform-services.md 3.1).
import type { Command } from "commander";
import { currentContext, currentName, type GlobalFlags } from "../configuration.ts";
import { credentialsOf, storeCredentials } from "../kubeconfig.ts";
import { expiryOf } from "../login/token.ts";
import { examples } from "./examples.ts";

/** A token that ends so soon is refreshed first. */
const SOON_MS = 30_000;

export function addLoginCommands(program: Command): void {
  examples(
    program.command("login").description("log in with the browser; the token stays in the kubeconfig"),
    ["to the current context", ""],
    ["only show the token", "--print-only"],
  )
    .option("--print-only", "print the token, store nothing")
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags & { printOnly?: boolean }>();
      const { logIn } = await import("../login/flow.ts");
      // Standard output is the token's alone.
      const credentials = await logIn(flags, (line) => console.error(line));
      if (flags.printOnly === true) return console.log(credentials.idToken);
      const file = storeCredentials(currentName(flags), flags.kubeconfig, credentials);
      console.log(`Successfully written token to ${file}`);
    });
  examples(program.command("logout").description("forget the token, and end the session at the provider"), [
    "from the current context",
    "",
  ]).action(async (_, command: Command) => {
    const { logOut } = await import("../login/flow.ts");
    const asked = await logOut(command.optsWithGlobals<GlobalFlags>(), (line) => console.error(line));
    console.log(
      asked
        ? "The token is gone from this machine; end the session in the browser. Copies of the token are valid until they expire."
        : "The token is gone from this machine. The provider has no way to end its session.",
    );
  });
}

/** Refreshes the stored token when it has ended and can be; HMAC and given tokens are left alone. */
export async function keepLoggedIn(flags: GlobalFlags): Promise<void> {
  if (flags.apiToken || currentContext(flags).hmac) return;
  const credentials = credentialsOf(currentName(flags), flags.kubeconfig);
  const expiry = expiryOf(credentials?.idToken);
  if (!credentials?.refreshToken || expiry === undefined || expiry > Date.now() + SOON_MS) return;
  const { refresh } = await import("../login/flow.ts");
  await refresh(flags, credentials);
}
