import {
  BooleanParameter,
  IdParameter,
  isTrue,
  type SwitchFindRequest as FindRequest,
  SwitchFindRequest,
  SwitchMigrateRequest,
  SwitchNotifyRequest,
  SwitchNotifyResponse,
  SwitchPortToggleRequest,
  SwitchRegisterRequest,
  SwitchResponse,
  SwitchUpdateRequest,
} from "@metal-stack/api-schema";
import { sql } from "kysely";
import { Type } from "typebox";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { notFound } from "../errors.ts";
import type { RouteModule } from "../rest/app.ts";
import { deleteSwitch, recordSync, registerSwitch, togglePort } from "./commands.ts";
import { migrateSwitch } from "./replacement.ts";
import { switchResponses, syncsOf } from "./mapping.ts";

const tags = ["switch"];
/** The original's agents know these; ours say what they are over gRPC. */
const VENDORS = ["SONiC", "Cumulus"];

export const switchRoutes: RouteModule = (app, { db, clock }) => {
  const answer = async (id: string): Promise<SwitchResponse> => (await found(db, { id }))[0] ?? missing(id);

  app.get(
    "/v1/switch",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "listSwitches",
        tags,
        summary: "get all switches",
        response: { 200: Type.Array(SwitchResponse) },
      },
    },
    () => found(db, {}),
  );

  app.get(
    "/v1/switch/:id",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "findSwitch",
        tags,
        summary: "get switch by id",
        params: IdParameter,
        response: { 200: SwitchResponse },
      },
    },
    ({ params }) => answer(params.id),
  );

  app.post(
    "/v1/switch/find",
    {
      config: { role: "view" },
      schema: {
        operationId: "findSwitches",
        tags,
        summary: "get all switches that match given properties",
        body: SwitchFindRequest,
        response: { 200: Type.Array(SwitchResponse) },
      },
    },
    ({ body }) => found(db, body),
  );

  app.post(
    "/v1/switch/register",
    {
      config: { role: "edit" },
      schema: {
        operationId: "registerSwitch",
        tags,
        summary: "register a switch",
        body: SwitchRegisterRequest,
        response: { 200: SwitchResponse, 201: SwitchResponse },
      },
    },
    async ({ body }, reply) => {
      const { id = "", os = {} } = body;
      const told = {
        id,
        name: body.name,
        description: body.description,
        partitionId: body.partition_id ?? "",
        rackId: body.rack_id ?? "",
        ports: (body.nics ?? []).map(({ name, mac, identifier }) => ({ name, mac, identifier })),
        os,
        managementIp: body.management_ip ?? "",
        managementUser: body.management_user ?? "",
      };
      const { created } = await transact(db, (tx) => registerSwitch(tx, told, VENDORS));
      return reply.code(created ? 201 : 200).send(await answer(id));
    },
  );

  app.post(
    "/v1/switch",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updateSwitch",
        tags,
        summary: "updates a switch. if the switch was changed since this one was read, a conflict is returned",
        body: SwitchUpdateRequest,
        response: { 200: SwitchResponse },
      },
    },
    async ({ body }) => {
      await db
        .updateTable("switches")
        .set((row) => ({
          ...(body.description !== undefined && { description: body.description }),
          // Clients that leave it out mean to clear it (reference/api-resources.md 8.11).
          console_command: body.console_command ?? "",
          mode: body.mode === "replace" ? "replace" : "operational",
          changed: sql<Date>`now()`,
          version: row("version", "+", 1),
        }))
        .where("id", "=", body.id)
        .execute();
      return answer(body.id);
    },
  );

  app.delete(
    "/v1/switch/:id",
    {
      config: { role: "edit" },
      schema: {
        operationId: "deleteSwitch",
        tags,
        summary: "deletes an switch and returns the deleted entity",
        params: IdParameter,
        querystring: Type.Object({ force: BooleanParameter("true: whatever is connected to it") }),
        response: { 200: SwitchResponse },
      },
    },
    async ({ params, query }) => {
      const before = await answer(params.id);
      await transact(db, (tx) => deleteSwitch(tx, params.id, isTrue(query.force)));
      return before;
    },
  );

  app.post(
    "/v1/switch/migrate",
    {
      config: { role: "admin" },
      schema: {
        operationId: "migrateSwitch",
        tags,
        summary: "migrates machine connections from one switch to another",
        body: SwitchMigrateRequest,
        response: { 200: SwitchResponse },
      },
    },
    async ({ body }) => {
      const { old_switch_id: from = "", new_switch_id: to = "" } = body;
      await transact(db, (tx) => migrateSwitch(tx, from, to));
      return answer(to);
    },
  );

  app.post(
    "/v1/switch/:id/port",
    {
      config: { role: "admin" },
      schema: {
        operationId: "toggleSwitchPort",
        tags,
        summary: "toggles the port of the switch with a nicname to the given state",
        params: IdParameter,
        body: SwitchPortToggleRequest,
        response: { 200: SwitchResponse },
      },
    },
    async ({ params, body }) => {
      await transact(db, (tx) => togglePort(tx, params.id, body.nic ?? "", body.status ?? ""));
      return answer(params.id);
    },
  );

  app.post(
    "/v1/switch/:id/notify",
    {
      config: { role: "edit" },
      schema: {
        operationId: "notifySwitch",
        tags,
        summary: "notify the metal-api about a configuration change of a switch",
        params: IdParameter,
        body: SwitchNotifyRequest,
        response: { 200: SwitchNotifyResponse },
      },
    },
    async ({ params, body }) => {
      const report = {
        durationNs: body.sync_duration ?? 0,
        error: body.error,
        portStates: body.port_states,
        bgpStates: body.bgp_port_states,
      };
      const row = await transact(db, (tx) => recordSync(tx, params.id, report, clock()));
      return { id: row.id, name: row.name, description: row.description, ...syncsOf(row) };
    },
  );
};

async function found(db: Db, query: FindRequest): Promise<SwitchResponse[]> {
  const os = (key: string) => sql<string>`os ->> ${key}`;
  const rows = await db
    .selectFrom("switches")
    .selectAll()
    .$if(query.id !== undefined, (where) => where.where("id", "=", query.id!))
    .$if(query.name !== undefined, (where) => where.where("name", "=", query.name!))
    .$if(query.partitionid !== undefined, (where) => where.where("partition_id", "=", query.partitionid!))
    .$if(query.rackid !== undefined, (where) => where.where("rack_id", "=", query.rackid!))
    .$if(query.osvendor !== undefined, (where) => where.where(os("vendor"), "=", query.osvendor!))
    .$if(query.osversion !== undefined, (where) => where.where(os("version"), "=", query.osversion!))
    .orderBy("id")
    .execute();
  return switchResponses(db, rows);
}

function missing(id: string): never {
  throw notFound("switch", id);
}
