import type { HealthResponse } from "@metal-stack/api-schema";

/** How one service is; without a problem it is healthy. */
export interface Check {
  readonly name: string;
  readonly problem?: string;
}

/**
 * What the health endpoint answers (reference/api-resources.md 3.2). With `only`, status and message are that service's,
 * and empty for a service that does not exist; `healthy` is always about all.
 */
export function summary(
  checks: readonly Check[],
  only: string | undefined,
): { healthy: boolean; response: HealthResponse } {
  const failed = checks.filter(({ problem }) => problem !== undefined);
  const services = Object.fromEntries(
    checks.map(({ name, problem }) => [
      name,
      { status: problem === undefined ? "healthy" : "unhealthy", message: problem ?? "" },
    ]),
  );
  const overall = failed.length === 0 ? "healthy" : failed.length === checks.length ? "unhealthy" : "partial-outage";
  const healthy = failed.length === 0;
  if (only === undefined) {
    return { healthy, response: { status: overall, message: failed[0]?.problem ?? "", services } };
  }
  const one = Object.hasOwn(services, only) ? services[only] : undefined;
  return {
    healthy,
    response: {
      status: one?.status ?? "",
      message: one?.message ?? "",
      services: one === undefined ? {} : { [only]: one },
    },
  };
}
