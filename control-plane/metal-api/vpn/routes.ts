import { VPNRequest, VPNResponse } from "@metal-stack/api-schema";
import { ApiError, badRequest, disabled, internal } from "../errors.ts";
import type { RouteModule } from "../rest/app.ts";
import { Headscale } from "./headscale.ts";

const DEFAULT_LIFETIME_MS = 60 * 60_000;
const MAX_LIFETIME_MS = 10 * 365 * 24 * 60 * 60_000;
const NANOSECONDS_IN_MS = 1e6;

export const vpnRoutes: RouteModule = (app, { config, clock, log }) => {
  app.post(
    "/v1/vpn/authkey",
    {
      config: { role: "admin" },
      schema: {
        operationId: "getVPNAuthKey",
        tags: ["vpn"],
        summary: "create auth key to connect to project's VPN",
        body: VPNRequest,
        response: { 200: VPNResponse },
      },
    },
    async ({ body, user, id: rqid }) => {
      if (!config.headscale) throw disabled();
      const { pid = "", reason = "", ephemeral = false } = body;
      if (reason.length < config.passwordReasonMinLength)
        throw badRequest(`reason must be at least ${config.passwordReasonMinLength} characters long`);
      const expiration = expirationOf(body.expiration, clock());
      const headscale = new Headscale(config.headscale);
      const project = pid === "" ? undefined : await asked(headscale.userId(pid));
      if (project === undefined) throw new ApiError(404, `vpn user doesn't exist for project with ID ${pid}`);
      const key = await asked(headscale.createKey(project, expiration, ephemeral));
      log.info({ rqid, project: pid, user: user.email, reason, ephemeral }, "VPN key given out");
      return { address: headscale.controlPlaneAddress, auth_key: key };
    },
  );
};

/** @param lifetime nanoseconds. Throws 400. */
function expirationOf(lifetime: number | undefined, now: Date): Date {
  const ms = lifetime === undefined ? DEFAULT_LIFETIME_MS : lifetime / NANOSECONDS_IN_MS;
  if (ms <= 0 || ms > MAX_LIFETIME_MS)
    throw badRequest("expiration must be nanoseconds from now on, more than none and at most ten years");
  return new Date(now.getTime() + ms);
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw internal(`${(error as Error).message}; look at headscale and at METAL_API_HEADSCALE_…`);
  }
}
