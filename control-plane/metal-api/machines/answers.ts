// Machines as answers: rows with what they refer to.
import type { MachineResponse } from "@metal-stack/api-schema";
import type { FastifyReply } from "fastify";
import type { Context } from "../context.ts";
import type { User } from "../rest/app.ts";
import { setETag } from "../rest/etag.ts";
import { refusal } from "../rest/rules-roles.ts";
import { machineResponse } from "./mapping.ts";
import { referencesOf } from "./references.ts";
import { machineById, type MachineRow } from "./store.ts";

export async function machinesAnswer(
  { db, clock }: Context,
  machines: readonly MachineRow[],
): Promise<MachineResponse[]> {
  const references = await referencesOf(db, machines);
  return machines.map((machine) => machineResponse(machine, references, clock()));
}

/** The machine as it is now, with its ETag. Throws 404. */
export async function machineAnswer(context: Context, id: string, reply: FastifyReply): Promise<MachineResponse> {
  const machine = await machineById(context.db, id);
  setETag(reply, machine.version);
  return machineResponse(machine, await referencesOf(context.db, [machine]), context.clock());
}

/** Who may use a BMC may also see how to log in. */
export function seesPasswords(user: User, { config }: Context): boolean {
  return refusal("edit", user, config.providerTenant) === undefined;
}
