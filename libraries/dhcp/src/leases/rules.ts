// Who may have which address: no clock, no files, no sockets. Times are milliseconds since 1970.
// A lease belongs to a hardware address, not to a client identifier (RFC 2131 would prefer the latter): firmware, iPXE,
// discovery image and installed system identify themselves differently, but one NIC is to keep one address through a boot.

export type LeaseState = "offered" | "active" | "released" | "abandoned";

export interface Lease {
  /** IPv4 address as a number; see `formatIpv4`. */
  readonly address: number;
  /** "52:54:00:12:34:56" */
  readonly mac: string;
  readonly state: LeaseState;
  readonly starts: number;
  readonly ends: number;
  /** SMBIOS UUID of the machine, once a request told it. */
  readonly uuid?: string;
}

/** The addresses a server may give. */
export interface Pool {
  /** First and last address of the range, both included. */
  readonly first: number;
  readonly last: number;
  /** Addresses kept for one client each, by mac; inside or outside of the range. */
  readonly fixed?: ReadonlyMap<string, number>;
  /** Never given to anyone: the server's own address, the router's. */
  readonly excluded?: ReadonlySet<number>;
}

export interface LeaseClient {
  readonly mac: string;
  readonly uuid?: string | undefined;
}

/** A pool is searched address by address; this keeps the worst search in the range of a millisecond. */
export const MAX_POOL_SIZE = 65_536;
/** How long an offered address waits for the client's REQUEST. */
export const OFFER_MS = 30_000;
/** How long an address that a client found in use (DECLINE) is left alone. */
export const ABANDON_MS = 600_000;

/**
 * The leases of one pool. At any time an address belongs to at most one client and a client has at most one address.
 * An ended lease is remembered until somebody else needs the address, so that a client that comes back gets it again.
 */
export class LeaseTable {
  readonly #pool: Pool;
  readonly #reserved: ReadonlySet<number>;
  readonly #byAddress = new Map<number, Lease>();
  readonly #byMac = new Map<string, Lease>();

  /** Throws a RangeError for a range that is empty or larger than {@link MAX_POOL_SIZE}. */
  constructor(pool: Pool) {
    const size = pool.last - pool.first + 1;
    if (!(size >= 1 && size <= MAX_POOL_SIZE))
      throw new RangeError(`a range of ${size} addresses (1 … ${MAX_POOL_SIZE})`);
    this.#pool = pool;
    this.#reserved = new Set([...(pool.excluded ?? []), ...(pool.fixed?.values() ?? [])]);
  }

  /** Takes over leases from before a restart, latest last; those that do not fit the pool any more are left out. */
  restore(leases: Iterable<Lease>): void {
    for (const lease of leases) if (this.#mayHave(lease.mac, lease.address)) this.#put(lease);
  }

  /** All leases that are remembered, ended ones too. */
  all(): Iterable<Lease> {
    return this.#byAddress.values();
  }

  /**
   * An address for the client: its fixed one, else the one it has or had, else the one it asks for, else the lowest free.
   * A running lease stays as it is; otherwise the address is held for {@link OFFER_MS}. Undefined: nothing is free.
   */
  offer(client: LeaseClient, requested: number | undefined, now: number): Lease | undefined {
    const known = this.#byMac.get(client.mac);
    const address = this.#choose(client.mac, known, requested, now);
    if (address === undefined) return undefined;
    if (known?.address === address && known.state === "active" && known.ends > now) {
      return this.#put(withUuid(known, client, known));
    }
    return this.#put(
      withUuid({ address, mac: client.mac, state: "offered", starts: now, ends: now + OFFER_MS }, client, known),
    );
  }

  /**
   * Gives or renews the address for `durationMs`. Undefined when the client must not have it (answer with NAK). An address
   * nobody holds is granted without an offer: a server that lost its leases goes on where it was.
   */
  bind(client: LeaseClient, address: number, now: number, durationMs: number): Lease | undefined {
    if (!this.#mayHave(client.mac, address) || !this.#isFreeFor(client.mac, address, now)) return undefined;
    const known = this.#byMac.get(client.mac);
    return this.#put(
      withUuid({ address, mac: client.mac, state: "active", starts: now, ends: now + durationMs }, client, known),
    );
  }

  /** The client gives its address back; the ended lease, or undefined when it had none there. */
  release(mac: string, address: number, now: number): Lease | undefined {
    const known = this.#byMac.get(mac);
    if (known?.address !== address) return undefined;
    return this.#put({ ...known, state: "released", ends: now });
  }

  /** The client found its address in use by somebody else: nobody gets it for {@link ABANDON_MS}. */
  decline(mac: string, address: number, now: number): Lease | undefined {
    const known = this.#byMac.get(mac);
    if (known?.address !== address) return undefined;
    this.#byMac.delete(mac);
    const abandoned: Lease = { ...known, state: "abandoned", starts: now, ends: now + ABANDON_MS };
    this.#byAddress.set(address, abandoned);
    return abandoned;
  }

  /** The running lease of a client. */
  ofMac(mac: string, now: number): Lease | undefined {
    return running(this.#byMac.get(mac), now);
  }

  /** The running lease of an address. */
  ofAddress(address: number, now: number): Lease | undefined {
    return running(this.#byAddress.get(address), now);
  }

  #choose(mac: string, known: Lease | undefined, requested: number | undefined, now: number): number | undefined {
    const candidates = [this.#pool.fixed?.get(mac), known?.address, requested];
    for (const address of candidates) {
      if (address !== undefined && this.#mayHave(mac, address) && this.#isFreeFor(mac, address, now)) return address;
    }
    for (let address = this.#pool.first; address <= this.#pool.last; address += 1) {
      if (this.#mayHave(mac, address) && this.#isFreeFor(mac, address, now)) return address;
    }
    return undefined;
  }

  /** Whether the pool allows it, whoever has the address now. */
  #mayHave(mac: string, address: number): boolean {
    const fixed = this.#pool.fixed?.get(mac);
    if (fixed !== undefined) return address === fixed;
    return address >= this.#pool.first && address <= this.#pool.last && !this.#reserved.has(address);
  }

  #isFreeFor(mac: string, address: number, now: number): boolean {
    const lease = this.#byAddress.get(address);
    return lease === undefined || lease.ends <= now || (lease.mac === mac && lease.state !== "abandoned");
  }

  /** Replaces what was known of the address and of the client, which keeps both unique. */
  #put(lease: Lease): Lease {
    const ofAddress = this.#byAddress.get(lease.address);
    if (ofAddress && this.#byMac.get(ofAddress.mac) === ofAddress) this.#byMac.delete(ofAddress.mac);
    const ofMac = this.#byMac.get(lease.mac);
    if (ofMac) this.#byAddress.delete(ofMac.address);
    this.#byAddress.set(lease.address, lease);
    if (lease.state === "abandoned") this.#byMac.delete(lease.mac);
    else this.#byMac.set(lease.mac, lease);
    return lease;
  }
}

/** Later requests of the same NIC (the kernel's, say) do not carry the UUID, so the last one told is kept. */
function withUuid(lease: Lease, client: LeaseClient, known: Lease | undefined): Lease {
  const uuid = client.uuid ?? known?.uuid;
  return uuid === undefined ? lease : { ...lease, uuid };
}

function running(lease: Lease | undefined, now: number): Lease | undefined {
  return lease?.state === "active" && lease.ends > now ? lease : undefined;
}
