import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

const LINES = 25;

/** The end of a server's serial console, for the report of a failure. */
export function lastConsoleLines(name: string, runFolder: string): string {
  const file = join(runFolder, `${name}.console`);
  if (!existsSync(file)) return `── console of ${name}: never powered on`;
  const lines = stripVTControlCharacters(readFileSync(file, "latin1")).replaceAll("\r", "").split("\n");
  return `── end of the console of ${name}\n${lines.slice(-LINES).join("\n")}`;
}
