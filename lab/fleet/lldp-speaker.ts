// The LLDP of all machines that are on, in the namespace where their cables end. Reads on its standard input, a JSON list a
// line, who does what at which interface; announces each, and again every second. A leaf also learns their MACs from it.
import { createInterface } from "node:readline";
import { encodeFrame, type FrameLink, openPacketLink } from "@metal-stack/lldp";

interface Speaker {
  readonly link: string;
  readonly mac: string;
  readonly machine: string;
  /** What the system description says. */
  readonly doing: string;
}

const EVERY_MS = 1_000;
const TTL_SECONDS = 10;

const links = new Map<string, Promise<FrameLink>>();
let speakers: readonly Speaker[] = [];

async function announce({ link: name, mac, machine, doing }: Speaker): Promise<void> {
  let link = links.get(name);
  if (!link) links.set(name, (link = openPacketLink(name)));
  (await link).send(
    encodeFrame({
      source: mac,
      chassisId: { subtype: "mac", value: mac },
      portId: { subtype: "interface name", value: name },
      ttl: TTL_SECONDS,
      portDescription: name,
      systemName: machine,
      systemDescription: doing,
    }),
  );
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const before = new Set(speakers.map((speaker) => JSON.stringify(speaker)));
    speakers = JSON.parse(line) as Speaker[];
    for (const speaker of speakers) if (!before.has(JSON.stringify(speaker))) void announce(speaker);
  })
  .on("close", () => process.exit(0));
setInterval(() => speakers.forEach((speaker) => void announce(speaker)), EVERY_MS);
