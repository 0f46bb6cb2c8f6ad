// Ways into tenants' networks: for each private network a small host of the lab's own, plugged into it at a leaf, with an
// address that the API gave it like any other.
import { execFile } from "node:child_process";
import type { Client } from "@metal-stack/sdk";

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Runs a command to its end; both streams in one text. Never throws for what the command does. */
export function runCommand(command: readonly string[], timeoutMs = 20_000): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      command[0]!,
      command.slice(1),
      { timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ code: error ? (typeof error.code === "number" ? error.code : 1) : 0, output: stdout + stderr }),
    );
  });
}

export const inNamespace = (namespace: string, command: readonly string[]) => [
  "ip",
  "netns",
  "exec",
  namespace,
  ...command,
];

export interface NetworkOfMachine {
  readonly networkid: string;
  readonly vrf: number;
  readonly project: string;
}

/** Plugs a host into a leaf's network of a VRF number; `address` with prefix length. */
export type AttachHost = (host: {
  readonly name: string;
  readonly vrf: number;
  readonly address: string;
}) => Promise<void>;

export class Bastions {
  readonly #api: Client;
  readonly #attach: AttachHost;
  readonly #byNetwork = new Map<string, Promise<string>>();

  constructor(api: Client, attach: AttachHost) {
    this.#api = api;
    this.#attach = attach;
  }

  /** The namespace that is plugged into this network; made at the first call. */
  namespaceFor(network: NetworkOfMachine): Promise<string> {
    let made = this.#byNetwork.get(network.networkid);
    if (!made) {
      made = this.#make(network);
      this.#byNetwork.set(network.networkid, made);
      // A failed attempt must not stand for ever.
      made.catch(() => this.#byNetwork.delete(network.networkid));
    }
    return made;
  }

  async #make(network: NetworkOfMachine): Promise<string> {
    const { ipaddress } = await this.#api.post<{ ipaddress: string }>("/v1/ip/allocate", {
      networkid: network.networkid,
      projectid: network.project,
      name: "bastion",
      description: "the lab's way in",
      type: "static",
    });
    const { prefixes } = await this.#api.get<{ prefixes: string[] }>(`/v1/network/${network.networkid}`);
    const length = prefixes[0]!.split("/")[1]!;
    const name = `bastion${network.vrf}`;
    await this.#attach({ name, vrf: network.vrf, address: `${ipaddress}/${length}` });
    return name;
  }
}
