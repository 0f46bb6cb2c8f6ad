import { IpamError } from "@metal-stack/ipam";
import { conflict, unprocessable } from "../errors.ts";

/**
 * Runs something that asks the IPAM and turns its refusal into the API's: 409 when somebody has that very address, else
 * 422 (as the original, which knows no better category).
 * @param doing how the message starts: "unable to create prefix in ipam"
 */
export async function asking<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof IpamError)) throw error;
    throw error.code === "already-allocated"
      ? conflict("ip already allocated")
      : unprocessable(`${doing}: ${error.message}`);
  }
}
