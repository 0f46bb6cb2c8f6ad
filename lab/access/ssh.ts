import { spawn } from "node:child_process";
import { insideRegion, machineOf, requireRegion, type RegionState } from "../region/state.ts";

/** The ssh command line into a machine of the lab, host keys unchecked: machines are reborn here every few minutes. */
export function sshCommand(sshKey: string, address: string, command: readonly string[]): string[] {
  const options = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "LogLevel=ERROR",
    "ConnectTimeout=5",
    "BatchMode=yes",
  ];
  return ["ssh", "-i", sshKey, ...options.flatMap((option) => ["-o", option]), `metal@${address}`, ...command];
}

/** Opens a shell, or runs a command, on an allocated machine. Resolves with ssh's exit code. */
export async function openShell(machine: string | undefined, command: readonly string[]): Promise<number> {
  const region: RegionState = requireRegion();
  const { name, access } = machineOf(region, machine);
  if (!access.ssh)
    throw new Error(`${name} is not allocated (or not up yet): npx metalctl machine describe ${access.uuid}`);
  const [program, ...args] = insideRegion(
    region,
    access.ssh.namespace,
    sshCommand(region.sshKey, access.ssh.address, command),
  );
  const child = spawn(program!, args, { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}
