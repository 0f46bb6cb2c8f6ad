// Announces itself on an interface and prints what it hears, one JSON object a line, until it is stopped:
//   node example/neighbours.ts <packet|macvtap> <interface> <system name>
import {
  decodeFrame,
  encodeFrame,
  LldpFrameError,
  NeighbourTable,
  openMacvtapLink,
  openPacketLink,
} from "../src/index.ts";

const [way, interfaceName = "eth0", systemName = "example"] = process.argv.slice(2);
const link = await (way === "macvtap" ? openMacvtapLink : openPacketLink)(interfaceName);
const neighbours = new NeighbourTable();
const print = (value: object) => console.log(JSON.stringify(value));

link.onFrame((bytes) => {
  try {
    const frame = decodeFrame(bytes);
    print({ change: neighbours.receive(interfaceName, frame, performance.now()), frame });
  } catch (error) {
    if (!(error instanceof LldpFrameError)) throw error;
    print({ error: error.message });
  }
});

const source = "02:00:00:00:00:01";
const announce = (ttl: number) =>
  link.send(
    encodeFrame({
      source,
      chassisId: { subtype: "mac", value: source },
      portId: { subtype: "interface name", value: interfaceName },
      ttl,
      portDescription: interfaceName,
      systemName,
      systemDescription: `provisioned since ${new Date().toISOString()}`,
    }),
  );
announce(10);
const ticker = setInterval(() => announce(10), 1_000);
print({ started: interfaceName });

async function stop(): Promise<void> {
  clearInterval(ticker);
  announce(0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await link.close();
}
process.once("SIGTERM", () => void stop());
void link.closed.then(() => clearInterval(ticker)).then(() => print({ closed: interfaceName }));
