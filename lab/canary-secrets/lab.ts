// The lab's own secrets, looked for in what the lab leaves behind.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@metal-stack/sdk";
import type { MachineIPMIResponse } from "@metal-stack/api-schema";
import { privateLines, Search } from "./search.ts";

interface LabSecrets {
  readonly api: Client;
  /** Everything that the region keeps: keys, certificates, the database beside its key file. */
  readonly runFolder: string;
  readonly hmac: Readonly<Record<string, string>>;
  /** Logs of all processes and serial consoles of all servers. */
  readonly logs: string;
}

/** Where a secret stands in a log, on a console or in a command line; empty when nowhere. */
export async function secretsTold({ api, runFolder, hmac, logs }: LabSecrets): Promise<readonly string[]> {
  const canaries = new Map(Object.entries(hmac).map(([role, key]) => [`HMAC key of ${role}`, key]));
  canaries.set("key of the secrets", readFileSync(join(runFolder, "postgres.keys"), "utf8").trim());
  for (const { id, ipmi } of await api.post<MachineIPMIResponse[]>("/v1/machine/ipmi/find", {}))
    if (ipmi.password) canaries.set(`BMC password of ${id}`, ipmi.password);
  const pki = join(runFolder, "pki");
  for (const entry of readdirSync(pki, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    for (const [at, line] of privateLines(readFileSync(file, "utf8")).entries()) canaries.set(`${file} ${at}`, line);
  }
  const search = new Search(canaries);
  search.folder("log", logs);
  search.processes();
  return search.found;
}
