import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LINES = 25;

/** The end of a server's serial console, for the report of a failure. */
export function lastConsoleLines(name: string, runFolder: string): string {
  const file = join(runFolder, `${name}.console`);
  if (!existsSync(file)) return `── console of ${name}: never powered on`;
  // eslint-disable-next-line no-control-regex -- terminal control sequences are what is removed
  const lines = readFileSync(file, "latin1").replaceAll(/\u001b\[[0-9;?]*[A-Za-z]|\r/g, "").split("\n");
  return `── end of the console of ${name}\n${lines.slice(-LINES).join("\n")}`;
}
