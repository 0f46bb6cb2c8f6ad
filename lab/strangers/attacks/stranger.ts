// Beginnings that many attacks share.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { JsonValue } from "@bufbuild/protobuf";
import type { ClientCredentials } from "@metal-stack/service";
import { GRPC_ADDRESS } from "../../region/services.ts";
import { askForScript, exchange } from "../machine.ts";
import type { Stage } from "../stage.ts";
import type { GrpcAnswer } from "../station/grpc.ts";
import { until } from "../until.ts";

/** Its own MAC, and an address by DHCP. */
export async function strangerAtHome({ stranger }: Stage, uuid?: string): Promise<void> {
  const leased = await until("an address for the stranger", async () => {
    const lease = await stranger.do("dhcpBoot", { mac: stranger.macs[0], ...(uuid !== undefined && { uuid }) });
    assert.ok(lease, "none is free");
    return lease;
  });
  await stranger.useAddress(leased.address);
}

/** A machine that the stranger invents: a UUID of its own, and the certificate that anybody gets who boots. */
export async function inventMachine(stage: Stage): Promise<{ uuid: string; credentials: ClientCredentials }> {
  const { stranger, ca } = stage;
  // As an operator would: the ones it invented before would be in its way.
  await stage.sql("delete from machines where bmc_seen is null");
  const uuid = randomUUID();
  await strangerAtHome(stage, uuid);
  const ticket = await until("a ticket for the invented machine", async () => {
    const script = await askForScript(stranger, stranger.macs[0], uuid);
    assert.ok(script.ticket, script.text);
    return script.ticket;
  });
  const { answer, credentials } = await exchange(stranger, ca, uuid, ticket);
  assert.ok(credentials, answer.message);
  return { uuid, credentials };
}

export async function call(
  { stranger }: Stage,
  credentials: ClientCredentials,
  method: string,
  request: JsonValue = {},
): Promise<GrpcAnswer> {
  return stranger.do("grpc", { address: GRPC_ADDRESS, credentials, method, request });
}
