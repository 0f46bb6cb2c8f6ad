import { parseAddress } from "@metal-stack/ipam";

/** What an allocation can hand to an operating system: resolv.conf reads three. */
const MAX_DNS_SERVERS = 3;
const MAX_NTP_SERVERS = 5;
const DNS_NAME = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i;

/** What is wrong with the DNS servers of a partition or an allocation; undefined when nothing is. */
export function dnsServersProblem(servers: readonly { ip: string }[]): string | undefined {
  if (servers.length > MAX_DNS_SERVERS) return "please specify a maximum of three dns servers";
  const wrong = servers.find(({ ip }) => !parseAddress(ip));
  return wrong && `ip: ${wrong.ip} for dns server not correct`;
}

/** What is wrong with the NTP servers of a partition or an allocation; undefined when nothing is. */
export function ntpServersProblem(servers: readonly { address: string }[]): string | undefined {
  if (servers.length > MAX_NTP_SERVERS) return "please specify a maximum of five ntp servers";
  const wrong = servers.find(({ address }) => !parseAddress(address) && !DNS_NAME.test(address));
  return wrong && `dns name: ${wrong.address} for ntp server not correct`;
}
