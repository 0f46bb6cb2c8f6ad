import { ConfigurationError, type Secret } from "@metal-stack/service";
import type { MetalApiEnvironment } from "../settings.ts";

/** Where firmware files are: any server that speaks S3 (reference/api-resources.md 3.1). */
export interface FirmwareStoreSettings {
  /** URL. */
  readonly address: string;
  readonly key: string;
  readonly secret: Secret;
  readonly bucket: string;
}

/** Undefined switches firmware off. Throws ConfigurationError. */
export function firmwareStoreSettings(environment: MetalApiEnvironment): FirmwareStoreSettings | undefined {
  const address = environment.optional("S3_ADDRESS");
  if (address === undefined) return undefined;
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new ConfigurationError(`METAL_API_S3_ADDRESS must be an http or https URL, not "${address}"`);
  return {
    address,
    key: environment.text("S3_KEY"),
    secret: environment.secret("S3_SECRET"),
    bucket: environment.text("S3_FIRMWARE_BUCKET"),
  };
}
