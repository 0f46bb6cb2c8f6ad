// What the DHCP client's script tells us, one line an occasion.

export interface Lease {
  readonly interface: string;
  readonly ip: string;
  readonly prefixLength: number;
  readonly routers: readonly string[];
  readonly dnsServers: readonly string[];
}

/** The script writes these lines; busybox udhcpc sets the variables (networking/udhcp/dhcpc.c, `fill_envp`). */
export const LEASE_SCRIPT = `#!/bin/sh
echo "lease|$1|$interface|$ip|$mask|$router|$dns"
`;

const isAddress = (text: string) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text);

/** A lease that is new or renewed; undefined for every other line and occasion. */
export function parseLease(line: string): Lease | undefined {
  const [marker, occasion, name, ip, mask, routers, dns] = line.trim().split("|");
  if (marker !== "lease" || (occasion !== "bound" && occasion !== "renew")) return undefined;
  const prefixLength = Number(mask);
  if (!name || !ip || !isAddress(ip) || !Number.isInteger(prefixLength) || prefixLength < 1 || prefixLength > 32)
    return undefined;
  const addresses = (text: string | undefined) => (text ?? "").split(/\s+/).filter(isAddress).slice(0, 4);
  return { interface: name, ip, prefixLength, routers: addresses(routers), dnsServers: addresses(dns) };
}
