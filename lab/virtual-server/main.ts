// One bare server of the lab: `node lab/virtual-server/main.ts --config <file.json>`.
// Prints one JSON object a line (see ServerEvent) and ends, with its machine, on SIGTERM or SIGINT.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parseConfiguration } from "./configuration.ts";
import { startServer } from "./server.ts";

const { values } = parseArgs({ options: { config: { type: "string" } } });
if (!values.config) {
  process.stderr.write("usage: node lab/virtual-server/main.ts --config <file.json>\n");
  process.exit(2);
}
try {
  const configuration = parseConfiguration(readFileSync(values.config, "utf8"));
  const server = await startServer(configuration, (event) => process.stdout.write(`${JSON.stringify(event)}\n`));
  const stop = () => void server.close().finally(() => process.exit(0));
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
} catch (error) {
  process.stderr.write(`virtual server: ${(error as Error).message}\n`);
  process.exit(1);
}
