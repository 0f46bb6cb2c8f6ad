import { isIPv6 } from "node:net";
import { IPMI_PORT } from "@metal-stack/ipmi";

/** Reads "host", "host:port", "[v6]:port" or a bare IPv6 address; undefined when it is none of them. */
export function parseAddress(address: string): { readonly host: string; readonly port: number } | undefined {
  if (isIPv6(address)) return { host: address, port: IPMI_PORT };
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? IPMI_PORT);
  return host && port > 0 && port < 65536 ? { host, port } : undefined;
}

export function formatAddress(host: string, port: number = IPMI_PORT): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
