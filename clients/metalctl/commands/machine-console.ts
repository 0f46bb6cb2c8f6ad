// `machine console` and `machine ipmi events`: by the partition's console server, or by ipmitool for who reaches BMCs
// (reference/platform-services.md 3.6).
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { apiClient, currentContext, currentToken, type GlobalFlags } from "../configuration.ts";
import { Refusal } from "../errors.ts";
import { machinePath } from "../resources/machine-path.ts";
import { field, type Doc } from "../resources/resource.ts";
import { runAttached } from "./switch-access.ts";
import { examples } from "./examples.ts";

/** Where metal-console listens, on the API's host. */
const CONSOLE_PORT = "5222";
/** The RMCP port (IPMI 2.0, section 13.1.2). */
const RMCP_PORT = "623";
/** sshd-style servers accept variables with LC_. */
const TOKEN_VARIABLE = "LC_METAL_STACK_OIDC_TOKEN";

type Flags = GlobalFlags & Partial<Record<"ipmiuser" | "ipmipassword" | "sshidentity" | "last", string>>;

export function addMachineConsole(group: Command, ipmi: Command): void {
  withCredentials(
    examples(
      group.command("console <id>").description("the serial console of a machine"),
      ["of a machine of yours", "$MACHINE"],
      ["straight from its BMC", "$MACHINE --ipmi"],
      ["of any machine, as administrator", "$MACHINE --admin"],
    ),
  )
    .option("-i, --sshidentity <file>", "the key to log in with")
    .option("--ipmi", "straight from the BMC, with ipmitool")
    .option("--admin", "as administrator: your token is the password")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags & { ipmi?: boolean; admin?: boolean }>();
      if (flags.ipmi === true) return ipmitool(id, flags, ["sol", "activate"]);
      const host = new URL(currentContext(flags).url).hostname;
      const key = flags.sshidentity ? ["-i", flags.sshidentity] : [];
      const token = currentToken(flags);
      const send = ["-o", `SendEnv=${TOKEN_VARIABLE}`];
      const ssh = (more: readonly string[], env: Readonly<Record<string, string>>) =>
        runAttached(["ssh", "-t", "-p", CONSOLE_PORT, ...key, ...send, ...more, "-l", id, "--", host], {
          ...(token && { [TOKEN_VARIABLE]: token }),
          ...env,
        });
      if (flags.admin !== true) return ssh([], {});
      if (!token)
        throw new Refusal("an administrator's console takes your token as password", { next: "metalctl login" });
      withAskpass((env) => ssh(["-o", "PubkeyAuthentication=no"], env));
    });
  withCredentials(
    examples(ipmi.command("events <id>").alias("event").description("the event log of a BMC, with ipmitool"), [
      "the newest 50",
      "$MACHINE -n 50",
    ]),
  )
    .option("-n, --last <number>", "so many of the newest", "10")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      await ipmitool(id, flags, ["sel", "list", "last", flags.last!]);
    });
}

/** Lets ssh ask a program for the password: it prints the token (ssh(1), SSH_ASKPASS). */
function withAskpass(work: (env: Readonly<Record<string, string>>) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "metalctl-"));
  try {
    const program = join(folder, "askpass");
    writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$${TOKEN_VARIABLE}"\n`, { mode: 0o700 });
    work({ SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: "force" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function withCredentials(command: Command): Command {
  return command
    .option("--ipmiuser <user>", "instead of the BMC's user that is known")
    .option("--ipmipassword <password>", "instead of the BMC's password that is known");
}

async function ipmitool(id: string, flags: Flags, words: readonly string[]): Promise<void> {
  const { ipmi } = await apiClient(flags).get<{ ipmi?: Doc }>(machinePath(id, "ipmi"));
  if (!ipmi) throw new Refusal(`nobody has found the BMC of machine ${id} yet`);
  const [host = "", port = RMCP_PORT] = field("address")(ipmi).split(":");
  const user = flags.ipmiuser ?? field("user")(ipmi);
  const password = flags.ipmipassword ?? field("password")(ipmi);
  if (!host) throw new Refusal(`the address of the BMC of machine ${id} is not known`);
  if (!user) throw new Refusal("the user of the BMC is not known: give --ipmiuser");
  if (!password) throw new Refusal("the password of the BMC is not shown to you: give --ipmipassword");
  runAttached(
    ["ipmitool", "-I", field("interface")(ipmi) || "lanplus", "-H", host, "-p", port, "-U", user, "-E", ...words],
    { IPMITOOL_PASSWORD: password },
  );
}
