import { Secret } from "@metal-stack/service";
import { unprocessable } from "../errors.ts";
import { Headscale } from "./headscale.ts";
import type { Join } from "./sealing.ts";
import type { HeadscaleSettings } from "./settings.ts";

/** A new firewall has so long to be installed and to join (reference/machine-lifecycle.md 3.2). */
const KEY_LIFETIME_MS = 2 * 60 * 60_000;

/**
 * What a new firewall needs to join its project's VPN, which is made if need be. A key that nobody uses expires by itself.
 * Throws 422.
 */
export async function vpnForFirewall(settings: HeadscaleSettings, projectId: string, now: Date): Promise<Join> {
  const headscale = new Headscale(settings);
  try {
    const user = await headscale.ensureUser(projectId);
    const key = await headscale.createKey(user, new Date(now.getTime() + KEY_LIFETIME_MS), false);
    return { address: settings.controlPlaneAddress, key: new Secret(key) };
  } catch (error) {
    throw unprocessable(`failed to prepare the VPN of project ${projectId}: ${(error as Error).message}; try again`);
  }
}
