import { ConfigurationError, type Secret } from "@metal-stack/service";
import type { MetalApiEnvironment } from "../settings.ts";

/** A headscale server: who runs a project's VPN (reference/api-resources.md 3.1). */
export interface HeadscaleSettings {
  /** URL of its HTTP API, without a path. */
  readonly address: string;
  /** URL that VPN clients connect to. */
  readonly controlPlaneAddress: string;
  readonly apiKey: Secret;
}

/** Undefined switches the VPN off. Throws ConfigurationError. */
export function headscaleSettings(environment: MetalApiEnvironment): HeadscaleSettings | undefined {
  const address = environment.optional("HEADSCALE_ADDR");
  if (address === undefined) {
    if (environment.optional("HEADSCALE_API_KEY") === undefined) return undefined;
    throw new ConfigurationError("METAL_API_HEADSCALE_API_KEY is set, but METAL_API_HEADSCALE_ADDR is not");
  }
  if (!/^https?:\/\//.test(address) || !URL.canParse(address))
    throw new ConfigurationError(
      `METAL_API_HEADSCALE_ADDR must be the URL of headscale's HTTP API (its listen_addr, such as ` +
        `http://headscale:8080), not "${address}": newer headscale servers have no gRPC any more`,
    );
  return {
    address: address.replace(/\/+$/, ""),
    controlPlaneAddress: environment.optional("HEADSCALE_CP_ADDR") ?? address,
    apiKey: environment.secret("HEADSCALE_API_KEY"),
  };
}
