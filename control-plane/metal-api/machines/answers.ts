// Machines as answers: rows with what they refer to.
import type { MachineResponse } from "@metal-stack/api-schema";
import type { FastifyReply } from "fastify";
import { type Login, loginsToTry, openLogin } from "../bmc/logins.ts";
import type { Context } from "../context.ts";
import type { User } from "../rest/app.ts";
import { setETag } from "../rest/etag.ts";
import { refusal } from "../rest/rules-roles.ts";
import { openVpnKey } from "../vpn/sealing.ts";
import { machineResponse } from "./mapping.ts";
import { referencesOf } from "./references.ts";
import { machineById } from "./store.ts";

/** The machine as it is now, with its ETag, and for who may change it with its key to the VPN. Throws 404. */
export async function machineAnswer(context: Context, id: string, reply: FastifyReply): Promise<MachineResponse> {
  const { db, config, keyring, clock } = context;
  const machine = await machineById(db, id);
  setETag(reply, machine.version);
  const answer = machineResponse(machine, await referencesOf(db, [machine]), clock());
  const { vpn, uuid } = machine.allocation ?? {};
  if (vpn && uuid && answer.allocation && refusal("edit", reply.request.user, config.providerTenant) === undefined)
    answer.allocation.vpn = { ...vpn, auth_key: openVpnKey(keyring, uuid, vpn).reveal() };
  return answer;
}

/**
 * How to log in to the BMCs of these machines, for who may use them; nothing for viewers. Who looked is written down, as with
 * console passwords.
 */
export async function loginsFor(
  user: User,
  { db, config, keyring, log }: Context,
  machineIds: readonly string[],
): Promise<ReadonlyMap<string, Login>> {
  if (refusal("edit", user, config.providerTenant) !== undefined) return new Map();
  const rows = await loginsToTry(db, machineIds);
  if (rows.size > 0) log.info({ machines: [...rows.keys()], user: user.email }, "BMC passwords shown");
  return new Map([...rows].map(([id, [likeliest]]) => [id, openLogin(keyring, likeliest!)]));
}
