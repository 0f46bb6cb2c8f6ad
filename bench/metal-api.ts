// metal-api beside what PostgreSQL alone gives; the service brings the comparison itself, because it knows its tables.
import { execFileSync } from "node:child_process";

const COMPARISON = "control-plane/metal-api/testing/bench.ts";

export async function benchMetalApi(): Promise<void> {
  execFileSync(process.execPath, [COMPARISON], { stdio: "inherit" });
}
