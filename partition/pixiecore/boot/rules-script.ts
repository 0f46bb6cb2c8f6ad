// iPXE scripts (https://ipxe.org/scripting) for what metal-api wants a machine to boot.
import type { Plan } from "../metal-api/client.ts";

/** What a script needs to know of this server. */
export interface ScriptSite {
  /** "http://10.255.0.2:4242" */
  readonly baseUrl: string;
}

/** iPXE's names of what it runs on; `undionly.kpxe` is 32-bit code also on 64-bit machines. */
export type Platform = "pcbios" | "efi";

const RETRY_SECONDS = 5;
/** metal-api said no: a person has to change something first. */
const REFUSED_SECONDS = 30;
/** Then a reboot: iPXE does not renew its address, and firmware may have another way to boot. */
const MAX_TRIES = 60;

/**
 * The script each iPXE starts with and comes back to: fetches the machine's own script. `netX` is the NIC iPXE came up on.
 */
export function chainScript(site: ScriptSite): string {
  const query = "mac=${netX/mac}&uuid=${uuid}&arch=${buildarch}&platform=${platform}";
  return script([
    `chain --replace --autofree ${site.baseUrl}/ipxe?${query} ||`,
    "echo The boot server has no script for this machine",
    ...startOver(site, RETRY_SECONDS),
  ]);
}

/** metal-api could not be asked, or answered nonsense: says why and starts over. */
export function retryScript(site: ScriptSite, why: string, seconds = RETRY_SECONDS): string {
  return script([`echo metal-stack: ${printable(why)}`, ...startOver(site, seconds)]);
}

/** How every script ends that found nothing to boot: a loop on the machine, so this server may be away meanwhile. */
function startOver(site: ScriptSite, seconds: number): string[] {
  return [
    "isset ${tries} || set tries:int32 0",
    ":again",
    "inc tries",
    `iseq \${tries} ${MAX_TRIES} && reboot ||`,
    `echo Trying again in ${seconds} s (try \${tries})`,
    `sleep ${seconds}`,
    `chain --replace --autofree ${site.baseUrl}/boot.ipxe ||`,
    "goto again",
  ];
}

/** The plan holds something that cannot be put into a script safely. */
export class PlanError extends Error {
  override readonly name = "PlanError";
}

/** The script for a plan. Throws {@link PlanError} when the plan is empty or would break out of its script line. */
export function planScript(site: ScriptSite, platform: Platform, plan: Plan): string {
  switch (plan.case) {
    case "discovery":
      return discoveryScript(site, plan.value);
    case "localDisk":
      return script([`echo metal-stack: booting from disk - ${printable(plan.value.reason)}`, ...LOCAL_DISK[platform]]);
    case "refuse":
      return retryScript(site, `this machine is not booted - ${plan.value.reason}`, REFUSED_SECONDS);
    default:
      throw new PlanError("the plan is empty");
  }
}

/** A failing exit makes UEFI go on with its next boot entry; after a good one it may stop in its menu (UEFI §3.1.1). */
const LOCAL_DISK: Record<Platform, readonly string[]> = {
  pcbios: ["sanboot --no-describe --drive 0x80 || exit 1"],
  efi: ["exit 1"],
};

type DiscoveryPlan = Extract<Plan, { case: "discovery" }>["value"];

function discoveryScript(site: ScriptSite, plan: DiscoveryPlan): string {
  if (!/^[\w.~+/=-]{1,512}$/.test(plan.ticket))
    throw new PlanError("the ticket is missing or has unexpected characters");
  const initrds = plan.initrdUrls.map((url, i) => ({ name: `initrd${i}`, url: fileUrl(site, url, "initrd") }));
  const commandLine = [
    // UEFI kernels find their initrd only by this; BIOS kernels do not mind.
    ...initrds.map(({ name }) => `initrd=${name}`),
    safeArguments(plan.cmdline),
    `metal.config=${site.baseUrl}/config`,
    `metal.ticket=${plan.ticket}`,
  ].filter(Boolean);
  return script([
    "echo metal-stack: booting the discovery image",
    // Images of an earlier try would be handed to the kernel too.
    "imgfree",
    `kernel --name kernel ${fileUrl(site, plan.kernelUrl, "kernel")} ${commandLine.join(" ")} || goto failed`,
    ...initrds.map(({ name, url }) => `initrd --name ${name} ${url} || goto failed`),
    "boot ||",
    ":failed",
    "imgfree",
    "echo The discovery image could not be loaded",
    ...startOver(site, RETRY_SECONDS),
  ]);
}

/** A name without scheme is a file of this server. Ours get `?as=…`, which tells the log what is fetched. */
function fileUrl(site: ScriptSite, url: string, as: "kernel" | "initrd"): string {
  const own = /^(?:\/?files\/)?([\w.+~-]+)$/.exec(url)?.[1] ?? ownFile(site, url);
  if (own !== undefined) return `${site.baseUrl}/files/${own}?as=${as}`;
  if (!/^https?:\/\/[\w.:[\]-]+\/[\w.~%+/=?&@:,-]+$/.test(url)) {
    throw new PlanError(`"${printable(url)}" is not a URL to boot`);
  }
  return url;
}

function ownFile(site: ScriptSite, url: string): string | undefined {
  const folder = `${site.baseUrl}/files/`;
  const name = url.startsWith(folder) ? url.slice(folder.length) : "";
  return /^[\w.+~-]+$/.test(name) ? name : undefined;
}

/** Kernel arguments as they are, unless iPXE would read something else in them: line ends, `${…}`, `&&`, `||`, `;`, `#`. */
function safeArguments(commandLine: string): string {
  const words = commandLine.split(" ").filter(Boolean);
  const bad = words.find(
    (word) => !/^[\x21-\x7e]+$/.test(word) || word.includes("${") || /^(&&|\|\||;|#.*)$/.test(word),
  );
  if (bad !== undefined) throw new PlanError(`iPXE would misread "${printable(bad)}" in the kernel's command line`);
  return words.join(" ");
}

/** Text that is only text for iPXE. */
function printable(text: string): string {
  return text.slice(0, 200).replace(/[^\w .,:/@()+-]/g, "?");
}

function script(lines: readonly string[]): string {
  return `#!ipxe\n${lines.join("\n")}\n`;
}
