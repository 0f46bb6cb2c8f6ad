// The machine's network cards, from `ip -j link show`.

export interface NetworkCard {
  readonly name: string;
  /** The address burnt into the card, `aa:bb:cc:dd:ee:ff`. */
  readonly mac: string;
}

interface IpLink {
  readonly ifname?: string;
  readonly link_type?: string;
  readonly address?: string;
  readonly permaddr?: string;
}

/**
 * The Ethernet cards among the links, sorted by name.
 * @param isPhysical whether an interface belongs to a device (as opposed to a tunnel, a bridge, our own macvtaps)
 */
export function networkCards(ipJson: string, isPhysical: (name: string) => boolean): NetworkCard[] {
  return (JSON.parse(ipJson) as IpLink[])
    .filter((link) => link.link_type === "ether" && link.ifname && isPhysical(link.ifname))
    .map((link) => ({ name: link.ifname!, mac: (link.permaddr ?? link.address ?? "").toLowerCase() }))
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}
