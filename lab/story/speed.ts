// What `npm run bench -- boot` measures: both servers boot and wait, then both are installed, with nothing in between.
import { PROJECTS } from "../region/seed.ts";
import { SERVERS } from "../region/servers.ts";
import { allocate, bootAll, type Stage } from "./once.ts";

/** @param install go on to ssh, after all servers wait */
export async function tellSpeed(stage: Stage, install: boolean): Promise<void> {
  await bootAll(stage);
  if (install) await Promise.all(SERVERS.map((server, index) => allocate(stage, server, PROJECTS[index]!)));
}
