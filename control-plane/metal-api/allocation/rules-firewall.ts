// Rules a new firewall begins with (reference/machine-lifecycle.md 3.2.4). Pure.
import type { FirewallRules as Requested } from "@metal-stack/api-schema";
import { parsePrefix } from "@metal-stack/ipam";
import type { FirewallRules } from "../database/documents.ts";
import { badRequest } from "../errors.ts";

const COMMENT_CHARACTERS = /^[A-Za-z_\- ]*$/;
const MAX_COMMENT_LENGTH = 100;
const MAX_PORT = 65_535;

/** The rules with all defaults filled in, null when there are none; protocols in lower case. Throws 400. */
export function firewallRules(requested: Requested | undefined): FirewallRules | null {
  const egress = (requested?.egress ?? []).map(({ ports = [], to = [], ...rule }) => {
    const checked = { protocol: protocolOf(rule.protocol), ports, to, ...comment(rule.comment) };
    check("egress", checked, to);
    return checked;
  });
  const ingress = (requested?.ingress ?? []).map(({ ports = [], to = [], from = [], ...rule }) => {
    const checked = { protocol: protocolOf(rule.protocol), ports, to, from, ...comment(rule.comment) };
    check("ingress", checked, [...from, ...to]);
    return checked;
  });
  return egress.length + ingress.length > 0 ? { egress, ingress } : null;
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
