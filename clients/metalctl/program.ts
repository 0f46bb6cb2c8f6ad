// The command tree, put together. A group is loaded only when it is asked for: most of the time of `metalctl version`
// would else go into commands that nobody called.
import { Command } from "commander";
import { CLIENT_VERSION } from "./version.ts";
import { bindEnvironment } from "./environment.ts";
import { remember } from "./explain.ts";
import { setSwitches, withoutSwitchValues } from "./switches.ts";
import { FORMATS } from "./output/formats.ts";
import type { GlobalFlags } from "./configuration.ts";

type Add = (program: Command) => unknown;

/** The words that lead to a group, as its declaration has them, and where that is. */
const GROUPS: readonly (readonly [words: string, load: () => Promise<Add>])[] = [
  ["machine machines ms", async () => (await import("./commands/machine.ts")).addMachineCommands],
  ["firewall firewalls fw", async () => (await import("./commands/firewall.ts")).addFirewallCommands],
  ["network networks nw", async () => (await import("./commands/network.ts")).addNetworkCommands],
  ["partition partitions", async () => (await import("./commands/partition.ts")).addPartitionCommands],
  ["size sizes", async () => (await import("./commands/size.ts")).addSizeCommands],
  ["image images", async () => (await import("./commands/plain.ts")).addImageCommands],
  ["filesystemlayout filesystemlayouts fsl", async () => (await import("./commands/layout.ts")).addLayoutCommands],
  ["project projects", async () => (await import("./commands/plain.ts")).addProjectCommands],
  ["tenant tenants", async () => (await import("./commands/plain.ts")).addTenantCommands],
  ["switch switches sw", async () => (await import("./commands/switch.ts")).addSwitchCommands],
  ["firmware", async () => (await import("./commands/firmware.ts")).addFirmwareCommands],
  ["vpn", async () => (await import("./commands/vpn.ts")).addVpnCommands],
  ["audit", async () => (await import("./commands/audit.ts")).addAuditCommands],
  ["context ctx", async () => (await import("./commands/context.ts")).addContextCommands],
  ["login logout", async () => (await import("./commands/login.ts")).addLoginCommands],
  ["health version whoami", async () => (await import("./commands/general.ts")).addGeneralCommands],
  ["completion", async () => (await import("./commands/completion.ts")).addCompletion],
  ["markdown", async () => (await import("./commands/markdown.ts")).addMarkdown],
];

/** Commands that work without a log-in, or are about it. */
const WITHOUT_TOKEN = ["login", "logout", "context", "short", "version", "health", "completion", "markdown"];

function root(): Command {
  return new Command("metalctl")
    .description("a cli to manage entities in the metal-stack api")
    .option(
      "-c, --config <file>",
      "alternative config file; else the first config.yaml of /etc/metalctl, ~/.metalctl and .",
    )
    .option("--api-url <url>", "the API, instead of the context's")
    .option("--api-token <token>", "a bearer token, instead of the context's credentials")
    .option("--kubeconfig <file>", "where the token of the log-in is, instead of $KUBECONFIG or ~/.kube/config")
    .option("-o, --output-format <format>", FORMATS.join("|"))
    .option(
      "--template <template>",
      "for -o template: Go's, over the fields of -o json, e.g. '{{ .id }}:{{ .size.id }}'",
    )
    .option("--no-headers", "tables without header")
    .option("--yes-i-really-mean-it", "do not ask, not even before what cannot be undone")
    .option("--debug", "print every request to standard error")
    .option("--force-color", "colours and icons although the output is no terminal")
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", "\nEvery flag can be given as a variable: METALCTL_API_URL for --api-url.")
    .configureOutput({ outputError: (text, write) => write(complaint(text)) })
    .exitOverride();
}

/** A word that is not understood, in the order of all errors. */
const complaint = (text: string) =>
  `${text.replace(/^error: /, "Error: ").trimEnd()}\nNext: add --help to see what there is\n`;

/** The groups that the words may need: one if the first command among them says which, else all. */
export async function createProgram(words: readonly string[] = []): Promise<Command> {
  const program = root();
  const first = firstCommand(program, words);
  const asked = GROUPS.filter(([names]) => names.split(" ").includes(first ?? ""));
  for (const [, load] of asked.length > 0 ? asked : GROUPS) (await load())(program);
  bindEnvironment(program);
  return program;
}

/** The first word that is neither a flag nor a flag's value. */
function firstCommand(program: Command, words: readonly string[]): string | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (!word.startsWith("-")) return word;
    const flag = program.options.find(({ long, short }) => word === long || word === short);
    if (flag?.required) at++;
  }
  return undefined;
}

/** Runs one command line. @throws whatever went wrong, for {@link explain} */
export async function run(words: readonly string[]): Promise<void> {
  if (words.length === 1 && words[0] === "--version") return console.log(CLIENT_VERSION);
  // "help machine why" is the help of all the words behind it.
  if (words[0] === "help") return run([...words.slice(1), "--help"]);
  const program = await createProgram(words);
  const [plain, said] = withoutSwitchValues(program, words);
  program.hook("preAction", async (_, action) => {
    remember(action);
    setSwitches(action, said);
    const { outputFormat, template } = action.optsWithGlobals<GlobalFlags>();
    if (outputFormat === "template" && template !== undefined) {
      const { compile } = await import("./output/template/template.ts");
      program.setOptionValue("fill", compile(template));
    }
    if (WITHOUT_TOKEN.includes(action.name())) return;
    const { keepLoggedIn } = await import("./commands/login.ts");
    await keepLoggedIn(action.optsWithGlobals<GlobalFlags>());
  });
  await program.parseAsync(plain, { from: "user" });
}

/** What the shells' completion asks for, if the words are its. */
export async function completionOf([first, ...words]: readonly string[]): Promise<string | undefined> {
  if (first !== "__complete" && first !== "__completeNoDesc") return undefined;
  const { complete } = await import("./commands/completion.ts");
  // The last word is only begun.
  return complete(await createProgram(words.slice(0, -1)), words, first === "__complete");
}
