// What iproute2 prints about the kernel's network, as the few facts this driver compares.

export interface Link {
  readonly name: string;
  readonly mac: string;
  /** "bridge", "vxlan", "veth", …; physical interfaces have none. */
  readonly kind: string | undefined;
  /** The bridge it is a port of. */
  readonly master: string | undefined;
  readonly mtu: number;
  /** Administratively up. */
  readonly up: boolean;
  /** Up, and with a carrier. */
  readonly running: boolean;
  /** "none" keeps the kernel from giving itself an IPv6 address there. */
  readonly addressMode: string | undefined;
  /** Has an IP address of its own. */
  readonly addressed: boolean;
  /** As a bridge port it exchanges frames only with ports that are not isolated. */
  readonly isolated: boolean;
  /** Options of the kind, as `ip -d` names them. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Kernel {
  readonly links: ReadonlyMap<string, Link>;
  /** Per VXLAN device the VTEPs that get a copy of every broadcast. */
  readonly floods: ReadonlyMap<string, ReadonlySet<string>>;
  /** Per bridge port the MAC addresses that live there by our word. */
  readonly pins: ReadonlyMap<string, ReadonlySet<string>>;
  /** Per device its ingress filters in order: "pass" or where frames are redirected to, "/", the mask of the match. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
}

const ALL_ZERO_MAC = "00:00:00:00:00:00";

interface IpLink {
  ifname: string;
  address?: string;
  master?: string;
  mtu: number;
  flags: string[];
  inet6_addr_gen_mode?: string;
  linkinfo?: {
    info_kind?: string;
    info_data?: Record<string, unknown>;
    info_slave_data?: { isolated?: boolean };
  };
}

/** From `ip -j -d link show` and `ip -j addr show`. */
export function readLinks(links: unknown, addresses: unknown): Map<string, Link> {
  const addressed = new Set(
    (addresses as { ifname?: string; addr_info?: unknown[] }[])
      .filter((entry) => entry.addr_info?.length)
      .map((entry) => entry.ifname),
  );
  return new Map(
    (links as IpLink[]).map((link) => [
      link.ifname,
      {
        name: link.ifname,
        mac: link.address ?? "",
        kind: link.linkinfo?.info_kind,
        master: link.master,
        mtu: link.mtu,
        up: link.flags.includes("UP"),
        running: link.flags.includes("UP") && link.flags.includes("LOWER_UP"),
        addressMode: link.inet6_addr_gen_mode,
        addressed: addressed.has(link.ifname),
        isolated: link.linkinfo?.info_slave_data?.isolated ?? false,
        options: link.linkinfo?.info_data ?? {},
      },
    ]),
  );
}

/** From `bridge -j fdb show`. */
export function readFloods(entries: unknown): Map<string, Set<string>> {
  const floods = new Map<string, Set<string>>();
  for (const entry of entries as { mac: string; ifname: string; dst?: string }[]) {
    if (entry.mac !== ALL_ZERO_MAC || entry.dst === undefined) continue;
    floods.set(entry.ifname, (floods.get(entry.ifname) ?? new Set()).add(entry.dst));
  }
  return floods;
}

interface FdbEntry {
  mac: string;
  ifname: string;
  state?: string;
  flags?: string[];
  master?: string;
}

/** From `bridge -j fdb show`. */
export function readPins(entries: unknown): Map<string, Set<string>> {
  const pins = new Map<string, Set<string>>();
  for (const { mac, ifname, flags } of entries as FdbEntry[]) {
    if (flags?.includes("sticky")) pins.set(ifname, (pins.get(ifname) ?? new Set()).add(mac));
  }
  return pins;
}

/** From `bridge -j fdb show br …`: what a bridge has learned by itself, by port. */
export function readLearned(entries: unknown): Map<string, string[]> {
  const learned = new Map<string, string[]>();
  for (const { mac, ifname, flags, state, master } of entries as FdbEntry[]) {
    if (master === undefined || state !== "" || flags?.includes("sticky")) continue;
    learned.set(ifname, [...(learned.get(ifname) ?? []), mac]);
  }
  return learned;
}

interface TcFilter {
  pref: number;
  options?: { match?: { mask: string }; actions?: { to_dev?: string }[] };
}

/** From `tc -j filter show dev … ingress`. Of several matches in one filter JSON keeps the last. */
export function readFilters(filters: unknown): string[] {
  return (filters as TcFilter[])
    .filter((filter) => filter.options?.match !== undefined)
    .sort((left, right) => left.pref - right.pref)
    .map(({ options }) => `${options?.actions?.[0]?.to_dev ?? "pass"}/${options?.match?.mask}`);
}
