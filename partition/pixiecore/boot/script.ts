// GET /ipxe: asks metal-api what the machine should boot, and puts the answer into a script.
import { parseMac } from "@metal-stack/dhcp";
import type { Logger } from "@metal-stack/service";
import type { MetalApi } from "../metal-api/client.ts";
import type { Metrics } from "../metrics.ts";
import type { Admission } from "./admission.ts";
import { PlanError, planScript, retryScript, type Platform, type ScriptSite } from "./rules-script.ts";

export interface ScriptAnswer {
  readonly status: 200 | 400 | 403;
  readonly body: string;
}

/** Plans being asked for at a time; a machine beyond gets a script that asks again. */
const MAX_PLANS_AT_ONCE = 64;

export class BootScripts {
  readonly #site: ScriptSite;
  readonly #admission: Admission;
  readonly #metalApi: MetalApi;
  readonly #metrics: Metrics;
  readonly #log: Logger;
  readonly #booting: (mac: string, planned: boolean) => void;
  /** MACs whose plan is being asked for. */
  readonly #asking = new Set<string>();

  constructor(
    site: ScriptSite,
    admission: Admission,
    metalApi: MetalApi,
    metrics: Metrics,
    log: Logger,
    booting: (mac: string, planned: boolean) => void = () => undefined,
  ) {
    this.#site = site;
    this.#admission = admission;
    this.#metalApi = metalApi;
    this.#metrics = metrics;
    this.#log = log;
    this.#booting = booting;
  }

  /** Never from a cache: a ticket is good for one boot. */
  async answer(query: URLSearchParams, address: string): Promise<ScriptAnswer> {
    const mac = parseMac(query.get("mac") ?? "");
    const uuid = parseUuid(query.get("uuid") ?? "");
    const target = parseTarget(query.get("arch"), query.get("platform"));
    if (mac === undefined || uuid === undefined || target === undefined) {
      return { status: 400, body: "mac, uuid and arch are needed, as iPXE writes them\n" };
    }
    const story = this.#log.child({ machine: uuid, mac, step: "ipxe" });
    const refusal = await this.#admission.refusal({ address, mac, uuid });
    if (refusal !== undefined) {
      this.#metrics.count("plans_total", { plan: "not-admitted" });
      story.warn(
        { from: address, refusal },
        "boot script refused: the request does not come from the machine it names",
      );
      return { status: 403, body: "this address may not have that machine's boot script\n" };
    }
    if (this.#asking.has(mac) || this.#asking.size >= MAX_PLANS_AT_ONCE) {
      return { status: 200, body: retryScript(this.#site, "the boot server is busy") };
    }
    this.#asking.add(mac);
    this.#booting(mac, false);
    try {
      return { status: 200, body: await this.#script(uuid, mac, target, story) };
    } finally {
      this.#asking.delete(mac);
    }
  }

  async #script(uuid: string, mac: string, target: Target, story: Logger): Promise<string> {
    try {
      const plan = await this.#metalApi.plan({ uuid, mac, architecture: target.architecture });
      const body = planScript(this.#site, target.platform, plan);
      this.#metrics.count("plans_total", { plan: plan.case ?? "none" });
      this.#booting(mac, plan.case === "discovery" || plan.case === "localDisk");
      const reason = plan.case === "discovery" ? undefined : plan.value?.reason;
      story.info({ plan: plan.case, reason }, `boot script: ${plan.case}`);
      return body;
    } catch (error) {
      this.#metrics.count("plans_total", { plan: "failed" });
      story.warn({ reason: (error as Error).message }, "no plan from metal-api, the machine asks again");
      const why = error instanceof PlanError ? "the boot plan is not usable" : "metal-api cannot be reached";
      return retryScript(this.#site, `${why} - ${(error as Error).message}`);
    }
  }
}

interface Target {
  readonly architecture: string;
  readonly platform: Platform;
}

/** What iPXE's `${buildarch}` says of the machine: its BIOS builds are 32-bit, but all our servers are x86-64. */
const TARGETS: Readonly<Record<string, Target>> = {
  i386: { architecture: "x86_64", platform: "pcbios" },
  x86_64: { architecture: "x86_64", platform: "efi" },
  arm64: { architecture: "arm64", platform: "efi" },
};

function parseTarget(arch: string | null, platform: string | null): Target | undefined {
  const target = Object.hasOwn(TARGETS, arch ?? "") ? TARGETS[arch!] : undefined;
  return target && (platform === "pcbios" || platform === "efi") ? { ...target, platform } : target;
}

function parseUuid(text: string): string | undefined {
  const lower = text.toLowerCase();
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower) ? lower : undefined;
}
