// What a running region tells the commands that want into it: one small file in .lab/.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

export const LAB_FOLDER = ".lab";
const STATE_FILE = `${LAB_FOLDER}/state.json`;

export interface MachineAccess {
  readonly uuid: string;
  readonly consoleSocket: string;
  /** Set while the machine is allocated and reachable: its address, and the namespace that is plugged into its network. */
  readonly ssh?: { readonly address: string; readonly namespace: string };
}

export interface RegionState {
  /** Of the region's first process, as the host sees it: the way into its namespaces. */
  readonly pid: number;
  /** Whether the region runs in a user namespace of its own (started by an ordinary user). */
  readonly userNamespace: boolean;
  readonly apiUrl: string;
  readonly runFolder: string;
  readonly sshKey: string;
  readonly machines: Readonly<Record<string, MachineAccess>>;
  /** Process name → pid inside the region. */
  readonly processes: Readonly<Record<string, number>>;
}

export function writeState(state: Partial<RegionState>): void {
  mkdirSync(LAB_FOLDER, { recursive: true });
  const merged = { ...readStateFile(), ...state };
  writeFileSync(`${STATE_FILE}.new`, JSON.stringify(merged, null, 2));
  renameSync(`${STATE_FILE}.new`, STATE_FILE);
}

export function clearState(): void {
  if (existsSync(STATE_FILE)) writeFileSync(STATE_FILE, "{}");
}

function readStateFile(): Partial<RegionState> {
  try {
    return JSON.parse(readFileSync(STATE_FILE, "utf8")) as Partial<RegionState>;
  } catch {
    return {};
  }
}

/** The running region, or undefined when none runs. */
export function runningRegion(): RegionState | undefined {
  const state = readStateFile();
  if (!state.pid || !existsSync(`/proc/${state.pid}`)) return undefined;
  return state as RegionState;
}

/** @throws Error that says how to start a region */
export function requireRegion(): RegionState {
  const region = runningRegion();
  if (!region) throw new Error("no lab is running here; start one with: npm run lab");
  return region;
}

/** The access data of a machine by its lab name or uuid. */
export function machineOf(region: RegionState, name: string | undefined): { name: string; access: MachineAccess } {
  const found = Object.entries(region.machines).find(([key, access]) => key === name || access.uuid === name);
  if (!found)
    throw new Error(`no machine "${name ?? ""}" in this lab; there are: ${Object.keys(region.machines).join(", ")}`);
  return { name: found[0], access: found[1] };
}

/** A command line that runs `command` inside the region, in one of its network namespaces. */
export function insideRegion(region: RegionState, namespace: string | undefined, command: readonly string[]): string[] {
  return [
    "nsenter",
    "-t",
    String(region.pid),
    ...(region.userNamespace ? ["-U", "--preserve-credentials"] : []),
    "-m",
    "-n",
    "-p",
    ...(namespace ? ["ip", "netns", "exec", namespace] : []),
    ...command,
  ];
}
