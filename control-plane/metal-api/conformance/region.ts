// A region for the original's clients: the control plane as a process, simulated machines that wait, and what they need
// around them: a server of images, headscale, and where it can be built an S3 server.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type AgentWorld, createAgentWorld, createPartition } from "../testing/agents.ts";
import { startHeadscale } from "../testing/headscale-server.ts";
import { buildS3Server, startS3Server } from "../testing/s3-server.ts";
import { startControlPlane } from "./control-plane.ts";
import { type SimulatedMachine, waitingMachine } from "./machines.ts";
import { M1, M2 } from "./story/row.ts";

const BUCKET = "firmware";

export interface Region {
  readonly world: AgentWorld;
  /** Of the API, with its base path. */
  readonly url: string;
  /** Below it every file is there. */
  readonly files: string;
  /** Two, waiting. */
  readonly machines: readonly SimulatedMachine[];
  /** Whether there is an S3 server. */
  readonly firmware: boolean;
  close(): Promise<void>;
}

/** @param folder for files of the process */
export async function startRegion(folder: string): Promise<Region> {
  const closing: (() => unknown)[] = [];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const world = await createAgentWorld({ METAL_API_BMC_REQUIRED: "false" });
    closing.push(() => world.close());
    const headscale = await startHeadscale();
    closing.push(() => headscale.close());
    const s3Program = await buildS3Server();
    const s3 = s3Program === undefined ? undefined : await startS3Server(s3Program, BUCKET);
    if (s3) closing.push(() => s3.stop());
    const controlPlane = await startControlPlane(folder, world.url, {
      METAL_API_BMC_REQUIRED: "false",
      METAL_API_HEADSCALE_ADDR: headscale.address,
      METAL_API_HEADSCALE_API_KEY: headscale.apiKey,
      ...(s3 && {
        METAL_API_S3_ADDRESS: s3.address,
        METAL_API_S3_KEY: "key",
        METAL_API_S3_SECRET: "secret",
        METAL_API_S3_FIRMWARE_BUCKET: BUCKET,
      }),
    });
    closing.push(() => controlPlane.stop());
    const files = createServer((_request, response) => void response.end());
    await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
    closing.push(() => files.close());
    await createPartition(world);
    const machines: SimulatedMachine[] = [];
    for (const [index, id] of [M1, M2].entries()) {
      const machine = await waitingMachine(world, id, index + 1);
      closing.push(() => machine.told.stop());
      machines.push(machine);
    }
    return {
      world,
      url: controlPlane.url,
      files: `http://127.0.0.1:${(files.address() as AddressInfo).port}`,
      machines,
      firmware: s3 !== undefined,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
