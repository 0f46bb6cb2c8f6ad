// How often a caller may ask: a bucket that fills with time, and gives one token a request. Pure.

export interface Rate {
  /** Tokens that come in; 0: no limit. */
  readonly perSecond: number;
  /** Tokens that a caller who was quiet has saved. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** So many callers are told apart; who was quiet longest is forgotten, and starts with a full bucket. */
const MAX_CALLERS = 20_000;

export class Buckets {
  readonly #rate: Rate;
  /** Quiet ones first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** 0 when the caller may ask now, which counts; else in how many seconds it may. @param now milliseconds, never less than before */
  take(caller: string, now: number): number {
    const { perSecond, burst } = this.#rate;
    if (perSecond === 0) return 0;
    const bucket = this.#buckets.get(caller) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > MAX_CALLERS) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.tokens < 1) return (1 - bucket.tokens) / perSecond;
    bucket.tokens -= 1;
    return 0;
  }
}

/** Whoever has one IPv6 address has as many as fit into a /64. */
export function networkOf(address: string): string {
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  const [head = "", tail] = address.split("::", 2);
  const groups = head.split(":");
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  return [...groups, ...Array.from({ length: missing }, () => "0"), ...(tail ?? "").split(":")].slice(0, 4).join(":");
}
