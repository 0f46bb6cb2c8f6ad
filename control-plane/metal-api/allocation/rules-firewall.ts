// Rules a new firewall begins with (reference/machine-lifecycle.md 3.2.4). Pure.
import type { FirewallRules as Requested } from "@metal-stack/api-schema";
import { parsePrefix } from "@metal-stack/ipam";
import type { FirewallRules } from "../database/documents.ts";
import { badRequest } from "../errors.ts";

const COMMENT_CHARACTERS = /^[A-Za-z_\- ]*$/;
const MAX_COMMENT_LENGTH = 100;
const MAX_PORT = 65_535;

/** The rules with all defaults filled in; protocols are kept in lower case. Throws 400: protocols first. */
export function firewallRules(requested: Requested | undefined): FirewallRules {
  const egress = (requested?.egress ?? []).map((rule) => ({
    protocol: protocolOf(rule.protocol),
    ports: rule.ports ?? [],
    to: rule.to ?? [],
    ...comment(rule.comment),
  }));
  const ingress = (requested?.ingress ?? []).map((rule) => ({
    protocol: protocolOf(rule.protocol),
    ports: rule.ports ?? [],
    to: rule.to ?? [],
    from: rule.from ?? [],
    ...comment(rule.comment),
  }));
  for (const rule of egress) check("egress", rule, rule.to);
  for (const rule of ingress) check("ingress", rule, [...rule.from, ...rule.to]);
  return { egress, ingress };
}

function protocolOf(text: string | undefined): string {
  const protocol = (text || "tcp").toLowerCase();
  if (protocol !== "tcp" && protocol !== "udp") throw badRequest(`no such protocol: ${text}`);
  return protocol;
}

function comment(text: string | undefined): { comment?: string } {
  return text ? { comment: text } : {};
}

function check(
  direction: string,
  rule: { readonly ports: readonly number[]; readonly comment?: string },
  cidrs: readonly string[],
): void {
  const refuse = (problem: string) => badRequest(`${direction} rule with error:${problem}`);
  if (!COMMENT_CHARACTERS.test(rule.comment ?? ""))
    throw refuse('illegal character in comment found, only: "letters, blank, _ and -" allowed');
  if ((rule.comment ?? "").length > MAX_COMMENT_LENGTH)
    throw refuse(`comments can not exceed ${MAX_COMMENT_LENGTH} characters`);
  if (rule.ports.some((port) => port < 0 || port > MAX_PORT)) throw refuse("port is out of range");
  const prefixes = cidrs.map((cidr) => {
    const prefix = parsePrefix(cidr);
    if (!prefix) throw refuse(`invalid cidr: ${cidr}`);
    return prefix;
  });
  if (new Set(prefixes.map(({ family }) => family)).size > 1)
    throw refuse(`mixed address family in one rule is not supported:${cidrs.join(" ")}`);
}
