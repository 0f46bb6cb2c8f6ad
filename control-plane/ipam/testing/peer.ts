// The same calls to either server, and their answers in one line each, so that they can be compared.
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { BITS, contains, parseAddress, parsePrefix } from "@metal-stack/ipam";
import { ipam } from "@metal-stack/protocol";

export type Call =
  | { readonly call: "create" | "delete" | "get" | "release-child"; readonly cidr: string }
  | { readonly call: "child"; readonly of: string; readonly length: number }
  | { readonly call: "specific-child"; readonly of: string; readonly cidr: string }
  | { readonly call: "acquire"; readonly in: string; readonly ip?: string }
  | { readonly call: "release"; readonly in: string; readonly ip: string }
  | { readonly call: "usage"; readonly of: string };

/** Calls whose answers together do not depend on whose is the first. */
export function canBeCrowded({ call }: Call): boolean {
  return call === "create" || call === "child" || call === "acquire";
}

/** The answer, or its code. Texts differ in details that nobody can match on (which prefix is in the way). */
type Answer = string;

export class Peer {
  readonly #client: Client<typeof ipam.IpamService>;
  /** Prefixes that once had children: go-ipam never gives addresses out of them again, ours does. */
  readonly #hadChildren = new Map<string, Set<string>>();

  constructor(url: string) {
    this.#client = createClient(ipam.IpamService, createGrpcTransport({ baseUrl: url }));
  }

  async namespace(name: string): Promise<void> {
    await this.#client.createNamespace({ namespace: name });
  }

  async dump(namespace: string): Promise<string> {
    return (await this.#client.dump({ namespace })).dump;
  }

  async load(dump: string, namespace: string): Promise<void> {
    await this.#client.load({ dump, namespace });
  }

  async make(call: Call, namespace: string): Promise<Answer> {
    // Where go-ipam is known to be wrong (docs/compatibility.md) there is nothing to compare.
    if (await this.#isKnown(call, namespace)) return "not compared";
    try {
      return await this.#make(call, namespace);
    } catch (error) {
      return Code[ConnectError.from(error).code];
    }
  }

  /** So many clients make the same call at the same time; who of them gets which answer nobody knows, so they are sorted. */
  async crowd(call: Call, clients: number, namespace: string): Promise<Answer[]> {
    if (await this.#isKnown(call, namespace)) return Array<Answer>(clients).fill("not compared");
    const answers = Array.from({ length: clients }, async () =>
      this.#make(call, namespace).catch((error: unknown) => Code[ConnectError.from(error).code]),
    );
    return (await Promise.all(answers)).toSorted();
  }

  async #make(call: Call, namespace: string): Promise<Answer> {
    const client = this.#client;
    switch (call.call) {
      case "create":
        return prefixText((await client.createPrefix({ cidr: call.cidr, namespace })).prefix);
      case "delete":
        return prefixText((await client.deletePrefix({ cidr: call.cidr, namespace })).prefix);
      case "get":
        return prefixText((await client.getPrefix({ cidr: call.cidr, namespace })).prefix);
      case "release-child":
        return prefixText((await client.releaseChildPrefix({ cidr: call.cidr, namespace })).prefix);
      case "child":
      case "specific-child": {
        const wanted = "length" in call ? { length: call.length } : { childCidr: call.cidr };
        const { prefix } = await client.acquireChildPrefix({ cidr: call.of, namespace, ...wanted });
        this.#parents(namespace).add(prefix!.parentCidr);
        return prefixText(prefix);
      }
      case "acquire": {
        const { ip } = await client.acquireIP({ prefixCidr: call.in, namespace, ...(call.ip ? { ip: call.ip } : {}) });
        return `${ip!.ip} of ${ip!.parentPrefix}`;
      }
      case "release":
        return (await client.releaseIP({ prefixCidr: call.in, ip: call.ip, namespace })).ip!.ip;
      case "usage":
        return this.#usage(call.of, namespace);
    }
  }

  async #usage(cidr: string, namespace: string): Promise<string> {
    const usage = await this.#client.prefixUsage({ cidr, namespace });
    const { availableIps, acquiredIps, availableSmallestPrefixes, availablePrefixes, acquiredPrefixes } = usage;
    // A sum of 2^64 and more is 0 in go-ipam.
    const smallest = availablePrefixes.some((block) => block.includes(":") && lengthOf(block) < 64)
      ? "many"
      : availableSmallestPrefixes;
    return `${availableIps} ${acquiredIps} ${smallest} ${availablePrefixes.join(",")} ${acquiredPrefixes}`;
  }

  #parents(namespace: string): Set<string> {
    let parents = this.#hadChildren.get(namespace);
    if (!parents) this.#hadChildren.set(namespace, (parents = new Set()));
    return parents;
  }

  async #isKnown(call: Call, namespace: string): Promise<boolean> {
    if (call.call === "acquire")
      return this.#parents(namespace).has(call.in) && !(await this.#children(call.in, namespace));
    if (call.call === "delete" || call.call === "release-child") {
      const prefix = await this.#client.getPrefix({ cidr: call.cidr, namespace }).catch(() => undefined);
      if (!prefix) return false;
      // Deletes parents without their children, and children without telling their parent.
      if (await this.#children(call.cidr, namespace)) return true;
      if (call.call === "delete") return prefix.prefix!.parentCidr !== "";
      // One address in IPv6: refused, but the parent hands it out again.
      const { acquiredIps } = await this.#client.prefixUsage({ cidr: call.cidr, namespace });
      return call.cidr.includes(":") && acquiredIps > 1n;
    }
    if (call.call === "release") return isReserved(call.in, call.ip);
    return false;
  }

  async #children(cidr: string, namespace: string): Promise<boolean> {
    const usage = await this.#client.prefixUsage({ cidr, namespace }).catch(() => undefined);
    return usage !== undefined && usage.acquiredPrefixes > 0n;
  }

  /** Everything that can be read of these prefixes. */
  async state(cidrs: readonly string[], namespace: string): Promise<Record<string, string>> {
    const state: Record<string, string> = {};
    for (const cidr of cidrs) state[cidr] = await this.make({ call: "usage", of: cidr }, namespace);
    return state;
  }
}

function prefixText(prefix: ipam.Prefix | undefined): string {
  return `${prefix!.cidr} of ${prefix!.parentCidr}`;
}

function lengthOf(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

/** go-ipam releases the first and the last address of a prefix, and hands them out. */
function isReserved(cidr: string, ip: string): boolean {
  const prefix = parsePrefix(cidr);
  const address = parseAddress(ip);
  if (!prefix || !address || !contains(prefix, address)) return false;
  const usable = {
    first: prefix.value + 1n,
    last: prefix.value + (1n << BigInt(BITS[prefix.family] - prefix.length)) - 2n,
  };
  return address.value < usable.first || (prefix.family === "IPv4" && address.value > usable.last);
}
