// What the BMC remembers while the whole rack is without power: users and boot flags, in `<id>.bmc.json`.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ControllerState } from "@metal-stack/ipmi";
import type { ServerConfiguration } from "./configuration.ts";

/** The slot of the user that the factory set up; 1 is the nameless one. */
const FACTORY_SLOT = 2;

export function statePath(configuration: ServerConfiguration): string {
  return join(configuration.runDirectory, `${configuration.id}.bmc.json`);
}

/** As it was left, or as from the factory. */
export function loadState(configuration: ServerConfiguration): ControllerState {
  const path = statePath(configuration);
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as ControllerState;
  const { user, password } = configuration.bmc;
  const access = { enabled: true, privilege: 4, ipmiMessaging: true, linkAuthentication: true, solAccess: true };
  return { users: [{ id: FACTORY_SLOT, name: user, password, ...access }] };
}

export function saveState(configuration: ServerConfiguration, state: ControllerState): void {
  const path = statePath(configuration);
  writeFileSync(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
