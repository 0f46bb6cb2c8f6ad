// docs/settings.md, made from what the services declare. tools/settings.test.ts holds it against the page.
import { createProgram } from "../clients/metalctl/program.ts";
import { VARIABLES } from "../clients/metalctl/configuration.ts";
import { SETTINGS as IPAM } from "../control-plane/ipam/settings.ts";
import { SETTINGS as MASTERDATA_API } from "../control-plane/masterdata-api/settings.ts";
import { SETTINGS as METAL_API } from "../control-plane/metal-api/settings.ts";
import { declareSettings, type Setting, type Settings } from "../libraries/service/src/index.ts";
import { PARAMETERS } from "../machine/metal-hammer/boot/rules-command-line.ts";
import { SETTINGS as METAL_BMC } from "../partition/metal-bmc/settings.ts";
import { SETTINGS as METAL_CORE } from "../partition/metal-core/settings.ts";
import { SETTINGS as PIXIECORE } from "../partition/pixiecore/settings.ts";

export interface Section {
  readonly title: string;
  /** Where it is read. */
  readonly folder: string;
  readonly settings: Settings;
  readonly about?: string;
}

const EVERY_SERVICE = declareSettings("", {
  LOG_LEVEL: { about: "trace, debug, info, warn, error or silent", default: "info" },
});

const BUILD = declareSettings("", {
  BUILD_VERSION: { about: "version that /v1/version tells", unset: "that of the package" },
  BUILD_REVISION: { about: "likewise, the revision", unset: "empty" },
  BUILD_GITSHA1: { about: "likewise, the commit", unset: "empty" },
  BUILD_DATE: { about: "likewise, when it was built", unset: "empty" },
});

const USERS = declareSettings("", {
  KUBECONFIG: { about: "where login keeps the token", default: "~/.kube/config" },
  EDITOR: { about: "what edit opens", default: "vi" },
  NO_COLOR: { about: "no colours when it is set", unset: "colours on a terminal" },
  XDG_CACHE_HOME: { about: "folder for compiled code", default: "~/.cache" },
});

/** Flags that have no variable, see clients/metalctl/environment.ts. */
const WITHOUT_VARIABLE = ["--version", "--help"];

async function metalctlFlags(): Promise<Settings> {
  const { options } = await createProgram(["version"]);
  const flags = options.flatMap(({ long, description }): [string, Setting][] =>
    !long || WITHOUT_VARIABLE.includes(long)
      ? []
      : [[long.slice(2).replaceAll("-", "_").toUpperCase(), { about: description, unset: `as without ${long}` }]],
  );
  return { prefix: "METALCTL_", settings: { ...Object.fromEntries(flags), ...VARIABLES } };
}

export async function sections(): Promise<readonly Section[]> {
  return [
    { title: "Every service", folder: "libraries/service", settings: EVERY_SERVICE },
    {
      title: "metal-api",
      folder: "control-plane/metal-api",
      settings: METAL_API,
      about: "Also of the one-process control plane, `control-plane/main.ts`.",
    },
    { title: "metal-api, when it is built", folder: "control-plane/metal-api", settings: BUILD },
    {
      title: "masterdata-api",
      folder: "control-plane/masterdata-api",
      settings: MASTERDATA_API,
      about: "The one-process control plane takes `MASTERDATA_API_DATABASE_URL` only.",
    },
    { title: "ipam", folder: "control-plane/ipam", settings: IPAM, about: "metal-api does not need this service." },
    { title: "pixiecore", folder: "partition/pixiecore", settings: PIXIECORE },
    { title: "metal-core", folder: "partition/metal-core", settings: METAL_CORE },
    { title: "metal-bmc", folder: "partition/metal-bmc", settings: METAL_BMC },
    {
      title: "metal-hammer",
      folder: "machine/metal-hammer",
      settings: { prefix: "", settings: PARAMETERS },
      about: "No environment, but the kernel's command line.",
    },
    {
      title: "metalctl",
      folder: "clients/metalctl",
      settings: await metalctlFlags(),
      about: "Every flag has a variable, also those of single commands; the flag on the command line wins.",
    },
    { title: "metalctl, of others", folder: "clients/metalctl", settings: USERS },
  ];
}

const HEAD = `# Settings

All settings are environment variables. A service ends with exit code 2 and names the variable when one is missing or wrong,
and warns of variables with its prefix that it does not know. An empty variable counts as unset; a flag is \`true\`, \`1\` or
\`yes\`, or \`false\`, \`0\` or \`no\`; a list is separated by commas; files are read at the start.

This page is made from the declarations in the code: \`vitest run tools/settings.test.ts -u\`.
`;

export async function settingsPage(): Promise<string> {
  const parts = (await sections()).map(({ title, about, settings }) =>
    [`## ${title}`, ...(about === undefined ? [] : [about]), table(settings)].join("\n\n"),
  );
  return `${[HEAD.trimEnd(), ...parts].join("\n\n")}\n`;
}

function table({ prefix, settings }: Settings): string {
  const rows = Object.entries(settings).map(([name, setting]) => [
    `\`${prefix}${name}\``,
    whenUnset(setting),
    setting.about.replaceAll("|", "\\|"),
  ]);
  const all = [["Variable", "Default", "What"], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (cells: readonly string[], fill = " ") =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!, fill)).join(" | ")} |`;
  return [line(all[0]!), line(["", "", ""], "-"), ...rows.map((row) => line(row))].join("\n");
}

function whenUnset({ default: value, unset }: Setting): string {
  if (value !== undefined) return `\`${value}\``;
  return unset ?? "**required**";
}
