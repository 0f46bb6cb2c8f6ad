import { encodeFrame, openPacketLink } from "@metal-stack/lldp";

export interface Spoken {
  readonly card: string;
  readonly mac: string;
  readonly systemName: string;
  readonly systemDescription: string;
}

/** Says these things by LLDP, one after the other, each on its card. */
export async function lldpSay({ frames }: { frames: readonly Spoken[] }): Promise<void> {
  for (const card of new Set(frames.map((frame) => frame.card))) {
    const link = await openPacketLink(card);
    for (const { mac, systemName, systemDescription } of frames.filter((frame) => frame.card === card)) {
      link.send(
        encodeFrame({
          source: mac,
          chassisId: { subtype: "mac", value: mac },
          portId: { subtype: "interface name", value: card },
          ttl: 20,
          portDescription: card,
          systemName,
          systemDescription,
        }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    await link.close();
  }
}
