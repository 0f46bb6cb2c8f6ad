// A rack of simulated machines with their two leaves, all in this process and on loopback.
import type { Transport } from "@connectrpc/connect";
import { BootNetwork, type BootServer } from "./boot-network.ts";
import type { Pace } from "./hammer.ts";
import type { KernelLeaves } from "./kernel-leaves.ts";
import { type Leaf, SimulatedLeaf } from "./leaf.ts";
import { SimulatedMachine } from "./machine.ts";

export const LEAVES = ["leaf01", "leaf02"] as const;
export const RACK = "rack-1";

export interface FleetPlan {
  readonly machines: number;
  readonly partition: string;
  readonly pace: Pace;
  readonly bootServer: () => BootServer;
  /** gRPC of metal-api, with the certificate of that leaf. */
  readonly leafTransport: (leaf: string) => Transport;
  /** Where metal-cores run, when the leaves are not simulated. */
  readonly kernelLeaves?: KernelLeaves | undefined;
  readonly say: (machine: string, what: string) => void;
}

export class Fleet {
  readonly machines: readonly SimulatedMachine[];
  /** None when metal-cores run. */
  readonly leaves: readonly SimulatedLeaf[];
  readonly network: BootNetwork;
  readonly #leavesRun = new Map<string, AbortController>();

  private constructor(plan: FleetPlan, network: BootNetwork) {
    this.network = network;
    let wiring: readonly Leaf[] = [];
    const surroundings = {
      partition: plan.partition,
      pace: plan.pace,
      plan: network.plan.bind(network),
      inBootNetwork: (leaf: string, port: string) => wiring.find(({ id }) => id === leaf)!.vrfOf(port) === "",
      say: plan.say,
    };
    this.machines = Array.from(
      { length: plan.machines },
      (_, at) => new SimulatedMachine(at + 1, LEAVES, surroundings),
    );
    const place = { partition: plan.partition, rack: RACK };
    const { kernelLeaves } = plan;
    this.leaves = kernelLeaves
      ? []
      : LEAVES.map((id) => new SimulatedLeaf(id, place, this.machines, plan.leafTransport(id)));
    wiring = kernelLeaves?.leaves(() => this.machines) ?? this.leaves;
  }

  /** BMCs answer from now on; everything is off. */
  static async build(plan: FleetPlan): Promise<Fleet> {
    const fleet = new Fleet(plan, await BootNetwork.open(plan.bootServer));
    for (const { bmc } of fleet.machines) await bmc.start();
    return fleet;
  }

  startLeaf(leaf: SimulatedLeaf): void {
    const run = new AbortController();
    this.#leavesRun.set(leaf.id, run);
    void leaf.run(run.signal);
  }

  /** Its agent is gone; the ports stay as they are. */
  stopLeaf(leaf: SimulatedLeaf): void {
    this.#leavesRun.get(leaf.id)?.abort();
  }

  close(): void {
    for (const run of this.#leavesRun.values()) run.abort();
    for (const machine of this.machines) {
      machine.switchOff();
      machine.bmc.stop();
    }
    this.network.close();
  }
}
