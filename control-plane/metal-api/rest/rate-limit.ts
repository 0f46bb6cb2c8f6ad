// Nobody asks so often that others, and the agents of the partitions, have to wait for an answer.
import { isIP } from "node:net";
import { ConfigurationError } from "@metal-stack/service";
import type { FastifyRequest } from "fastify";
import { ApiError } from "../errors.ts";
import type { MetalApiEnvironment } from "../settings.ts";
import { Buckets, networkOf, type Rate } from "./rules-rate.ts";

export interface RateSettings {
  readonly callers: Rate;
  /** Who shows no credentials, or wrong ones, counts by address. */
  readonly strangers: Rate;
  readonly trustedProxies: readonly string[];
}

const SAVED_SECONDS = 10;
const STRANGERS_SHARE = 10;

/** Throws ConfigurationError naming the variable. */
export function rateSettings(environment: MetalApiEnvironment): RateSettings {
  const perSecond = environment.integer("RATE_LIMIT", 0, 1_000_000);
  const rate = (perSecond: number) => ({ perSecond, burst: perSecond * SAVED_SECONDS });
  return {
    callers: rate(perSecond),
    strangers: rate(Math.ceil(perSecond / STRANGERS_SHARE)),
    trustedProxies: environment.list("TRUSTED_PROXIES").map(proxy),
  };
}

/** Throws ConfigurationError unless it is an address or a CIDR. */
function proxy(text: string): string {
  const [address = "", length, ...more] = text.split("/");
  const bits = isIP(address) === 4 ? 32 : 128;
  const right = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
  if (isIP(address) === 0 || !right || more.length > 0)
    throw new ConfigurationError(`METAL_API_TRUSTED_PROXIES takes addresses and CIDRs, not "${text}"`);
  return text;
}

/** 429 (RFC 6585 §4). */
export class TooManyRequests extends ApiError {
  readonly retryAfterSeconds: number;

  constructor(seconds: number) {
    const retryAfter = Math.max(1, Math.ceil(seconds));
    super(429, `too many requests, try again in ${retryAfter} s`);
    this.retryAfterSeconds = retryAfter;
  }
}

/** Load balancers ask for it as often as they like. */
const UNLIMITED = ["health"];

export class RateLimit {
  readonly #callers: Buckets;
  readonly #strangers: Buckets;

  constructor({ callers, strangers }: RateSettings) {
    this.#callers = new Buckets(callers);
    this.#strangers = new Buckets(strangers);
  }

  /** Counts a request. Keys are shared by many, so their users are told apart by address. Throws 429. */
  count({ user, ip, routeOptions }: FastifyRequest): void {
    if (UNLIMITED.includes(routeOptions.schema?.operationId ?? "")) return;
    const { tenant, issuer, subject, name } = user;
    const address = networkOf(ip);
    const wait =
      tenant === ""
        ? this.#strangers.take(address, performance.now())
        : this.#callers.take(
            JSON.stringify(issuer === undefined ? [name, address] : [issuer, subject]),
            performance.now(),
          );
    if (wait > 0) throw new TooManyRequests(wait);
  }
}
