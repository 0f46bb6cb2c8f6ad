import { connect } from "node:net";
import { machineOf, requireRegion } from "../region/state.ts";

/** Ctrl-], as telnet and virsh have it. */
const ESCAPE = 0x1d;

/** Joins this terminal to a machine's serial console until Ctrl-] or the end of input. */
export async function attachConsole(machine: string | undefined): Promise<void> {
  const { name, access } = machineOf(requireRegion(), machine);
  const socket = connect(access.consoleSocket);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("error", (error) => reject(new Error(`cannot reach the console of ${name}: ${error.message}`)));
  });
  console.log(`console of ${name}; leave it with Ctrl-]`);
  const terminal = process.stdin.isTTY;
  if (terminal) process.stdin.setRawMode(true);
  process.stdin.on("data", (data: Buffer) => {
    if (data.includes(ESCAPE)) socket.end();
    else socket.write(data);
  });
  socket.pipe(process.stdout, { end: false });
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  if (terminal) process.stdin.setRawMode(false);
  process.stdin.destroy();
  console.log("");
}
