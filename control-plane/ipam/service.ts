// The methods of api.v1.IpamService: each translates to one call of the library.
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  IpamQueue,
  createNamespace,
  deleteNamespace,
  deletePrefix,
  dump,
  findPrefix,
  formatPrefix,
  freeBlocksOf,
  IpamError,
  listNamespaces,
  listPrefixes,
  load,
  parseAddress,
  parsePrefix,
  releaseChildPrefix,
  ROOT_NAMESPACE,
  type StoredPrefix,
  usageOf,
} from "@metal-stack/ipam";
import type { ipam } from "@metal-stack/protocol";
import type { Kysely } from "kysely";
import { answerTo, type Method } from "./errors.ts";

const VERSION = { version: "v0.1.0", revision: "", gitSha1: "", buildDate: "" };
/** As in the original, also for IPv4. */
const LONGEST_PREFIX = 128;

export function ipamService(db: Kysely<object>): ServiceImpl<typeof ipam.IpamService> {
  const queue = new IpamQueue(db);

  async function stored(cidr: string, namespace: string): Promise<StoredPrefix> {
    const prefix = await findPrefix(db, cidr, namespace);
    if (prefix) return prefix;
    await checkNamespace(namespace);
    throw new IpamError("not-found", `unable to find prefix for cidr:${cidr}`);
  }

  async function checkNamespace(name: string): Promise<void> {
    if (!(await listNamespaces(db)).includes(name))
      throw new IpamError("no-namespace", `unable to find namespace:${name}`);
  }

  return withAnswers({
    version: () => VERSION,

    async createPrefix({ cidr, namespace }) {
      return { prefix: { cidr: await queue.createPrefix(cidr, named(namespace)), parentCidr: "" } };
    },

    async deletePrefix({ cidr, namespace }) {
      const parent = await deletePrefix(db, cidr, named(namespace));
      return { prefix: { cidr: canonical(cidr), parentCidr: parent ?? "" } };
    },

    async getPrefix({ cidr, namespace }) {
      return { prefix: message(await stored(cidr, named(namespace))) };
    },

    async listPrefixes({ namespace }) {
      const prefixes = await listPrefixes(db, named(namespace));
      if (prefixes.length === 0) await checkNamespace(named(namespace));
      return { prefixes: prefixes.map(message) };
    },

    async prefixUsage({ cidr, namespace }) {
      const prefix = await stored(cidr, named(namespace));
      const usage = (await usageOf(db, [prefix.cidr], named(namespace))).get(prefix.cidr)!;
      return {
        availableIps: BigInt(usage.availableIps),
        acquiredIps: BigInt(usage.usedIps),
        availableSmallestPrefixes: BigInt(usage.availablePrefixes),
        availablePrefixes: await freeBlocksOf(db, prefix.cidr, named(namespace)),
        acquiredPrefixes: BigInt(usage.usedPrefixes),
      };
    },

    async acquireChildPrefix({ cidr, length, childCidr, namespace }) {
      if (length > LONGEST_PREFIX)
        throw new ConnectError(`length must not be greater than ${LONGEST_PREFIX}`, Code.InvalidArgument);
      const child = childCidr
        ? await queue.acquireSpecificChildPrefix(cidr, childCidr, named(namespace))
        : await queue.acquireChildPrefix(cidr, length, named(namespace));
      return { prefix: { cidr: child, parentCidr: canonical(cidr) } };
    },

    async releaseChildPrefix({ cidr, namespace }) {
      const parentCidr = await releaseChildPrefix(db, cidr, named(namespace));
      return { prefix: { cidr: canonical(cidr), parentCidr } };
    },

    async acquireIP({ prefixCidr, ip, namespace }) {
      const acquired = ip
        ? await queue.acquireSpecificAddress(prefixCidr, ip, named(namespace))
        : await queue.acquireAddress(prefixCidr, named(namespace));
      return { ip: { ip: acquired, parentPrefix: canonical(prefixCidr) } };
    },

    async releaseIP({ prefixCidr, ip, namespace }) {
      if (!parseAddress(ip)) throw new ConnectError(`unable to parse ip:${ip}`, Code.InvalidArgument);
      await queue.releaseAddress(prefixCidr, ip, named(namespace));
      return { ip: { ip, parentPrefix: canonical(prefixCidr) } };
    },

    async dump({ namespace }) {
      const text = await dump(db, named(namespace));
      if (text === "[]") await checkNamespace(named(namespace));
      return { dump: text };
    },

    async load({ dump: text, namespace }) {
      await db.transaction().execute((tx) => load(tx, text, named(namespace)));
      return {};
    },

    async createNamespace({ namespace }) {
      await createNamespace(db, namespace);
      return {};
    },

    async deleteNamespace({ namespace }) {
      await deleteNamespace(db, namespace);
      return {};
    },

    async listNamespaces() {
      return { namespace: await listNamespaces(db) };
    },
  });
}

/** Every method with its refusals turned into the original's codes. */
function withAnswers(methods: ServiceImpl<typeof ipam.IpamService>): ServiceImpl<typeof ipam.IpamService> {
  const wrapped = Object.entries(methods).map(([name, method]) => {
    const call = method as (...parameters: readonly unknown[]) => unknown;
    const answer = async (...parameters: readonly unknown[]) => {
      try {
        return await call(...parameters);
      } catch (error) {
        throw answerTo(name as Method, error);
      }
    };
    return [name, answer];
  });
  return Object.fromEntries(wrapped) as ServiceImpl<typeof ipam.IpamService>;
}

/** PostgreSQL has no text with a zero byte in it, so there is no such namespace. */
function named(namespace: string | undefined): string {
  if (namespace?.includes("\0")) throw new IpamError("no-namespace", "a namespace has no zero byte in its name");
  return namespace || ROOT_NAMESPACE;
}

/** Of a CIDR that the library has accepted. */
function canonical(cidr: string): string {
  return formatPrefix(parsePrefix(cidr)!);
}

function message({ cidr, parent }: StoredPrefix): { cidr: string; parentCidr: string } {
  return { cidr, parentCidr: parent ?? "" };
}
