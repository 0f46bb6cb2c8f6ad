// The LLDP of all installed machines, in the namespace where their cables end. Reads on its standard input, a JSON list a
// line, who runs a tenant's system at which interface, since when; announces each, and again every second.
import { createInterface } from "node:readline";
import { encodeFrame, type FrameLink, openPacketLink } from "@metal-stack/lldp";

interface Speaker {
  readonly link: string;
  readonly machine: string;
  readonly since: string;
}

const EVERY_MS = 1_000;
const SOURCE = "02:00:00:00:00:01";
const TTL_SECONDS = 10;

const links = new Map<string, Promise<FrameLink>>();
let speakers: readonly Speaker[] = [];

async function announce({ link: name, machine, since }: Speaker): Promise<void> {
  let link = links.get(name);
  if (!link) links.set(name, (link = openPacketLink(name)));
  (await link).send(
    encodeFrame({
      source: SOURCE,
      chassisId: { subtype: "mac", value: SOURCE },
      portId: { subtype: "interface name", value: name },
      ttl: TTL_SECONDS,
      portDescription: name,
      systemName: machine,
      systemDescription: `provisioned since ${since}`,
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
