import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface MetalApiProcess {
  readonly child: ChildProcess;
  readonly restPort: number;
  /** 0 without certificates. */
  readonly grpcPort: number;
}

/** Starts process.ts with free ports. @param settings METAL_API_… */
export async function startMetalApi(databaseUrl: string, settings: Record<string, string>): Promise<MetalApiProcess> {
  const ports = { METAL_API_PORT: "0", METAL_API_GRPC_PORT: "0", METAL_API_METRICS_PORT: "0" };
  const child = spawn(process.execPath, [join(import.meta.dirname, "process.ts")], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...ports, METAL_API_DATABASE_URL: databaseUrl, ...settings },
  });
  for await (const line of createInterface(child.stderr)) {
    const [, rest, grpc] = /^serving (\d+) (\d*)$/.exec(line) ?? [];
    if (rest) return { child, restPort: Number(rest), grpcPort: Number(grpc) };
  }
  throw new Error("metal-api did not start");
}
