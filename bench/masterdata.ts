// masterdata-api beside the original; the service brings the comparison itself, because it knows the original's client.
import { execFileSync } from "node:child_process";

const COMPARISON = "control-plane/masterdata-api/testing/bench.ts";

export async function benchMasterdata(): Promise<void> {
  execFileSync(process.execPath, [COMPARISON], { stdio: "inherit" });
}
