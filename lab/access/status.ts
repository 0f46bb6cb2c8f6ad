import { execFileSync } from "node:child_process";
import { insideRegion, requireRegion } from "../region/state.ts";

/** Prints the processes and machines of the running region. */
export function printStatus(): void {
  const region = requireRegion();
  console.log(`API        ${region.apiUrl}`);
  console.log(`processes  ${Object.keys(region.processes).join(", ")}`);
  for (const [name, access] of Object.entries(region.machines)) {
    console.log(`${name.padEnd(10)} ${access.uuid}  ${access.ssh ? `allocated, ${access.ssh.address}` : ""}`);
  }
}

/** Ends a process of the region by SIGKILL, to see the region recover. */
export function endProcess(name: string | undefined): void {
  const region = requireRegion();
  const pid = region.processes[name ?? ""];
  if (!pid) throw new Error(`no process "${name ?? ""}"; there are: ${Object.keys(region.processes).join(", ")}`);
  const [program, ...args] = insideRegion(region, undefined, ["kill", "-KILL", String(pid)]);
  execFileSync(program!, args, { stdio: "inherit" });
  console.log(`${name} killed; the region starts it again`);
}
