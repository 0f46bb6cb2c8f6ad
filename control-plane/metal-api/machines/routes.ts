import {
  IdParameter,
  MachineConsolePasswordRequest,
  MachineConsolePasswordResponse,
  MachineFindRequest,
  MachineResponse,
  MachineState,
  MachineUpdateRequest,
} from "@metal-stack/api-schema";
import { Type } from "typebox";
import { openConsolePassword } from "../boot/console-password.ts";
import { transact } from "../database/transaction.ts";
import { badRequest, unprocessable } from "../errors.ts";
import type { RouteModule } from "../rest/app.ts";
import { checkIfMatch } from "../rest/etag.ts";
import { projectsInSight } from "../members/member.ts";
import { machineAnswer } from "./answers.ts";
import { deleteMachine, freeMachine, setState, updateMachine } from "./commands.ts";
import { machineResponse } from "./mapping.ts";
import { referencesOf } from "./references.ts";
import { machineById } from "./store.ts";
import { sendMachines } from "./texts.ts";

const tags = ["machine"];
const response = { 200: MachineResponse };

export const machineRoutes: RouteModule = (app, context) => {
  const { db, clock, config, keyring, log } = context;
  app.get(
    "/v1/machine",
    {
      config: { role: "view" },
      schema: {
        operationId: "listMachines",
        tags,
        summary: "all machines",
        response: { 200: Type.Array(MachineResponse) },
      },
    },
    async (request, reply) => sendMachines(context, reply, { within: projectsInSight(request) }),
  );

  app.post(
    "/v1/machine/find",
    {
      config: { role: "view" },
      schema: {
        operationId: "findMachines",
        tags,
        summary: "the machines that match all parts of a query",
        body: MachineFindRequest,
        response: { 200: Type.Array(MachineResponse) },
      },
    },
    async (request, reply) => sendMachines(context, reply, { ...request.body, within: projectsInSight(request) }),
  );

  app.get(
    "/v1/machine/:id",
    {
      config: { role: "view" },
      schema: { operationId: "findMachine", tags, summary: "one machine", params: IdParameter, response },
    },
    async (request, reply) => machineAnswer(context, request.params.id, reply),
  );

  app.post(
    "/v1/machine",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updateMachine",
        tags,
        summary: "changes an allocated machine; what is absent stays, If-Match demands a version",
        body: MachineUpdateRequest,
        response,
      },
    },
    async (request, reply) => {
      await transact(db, (tx) => updateMachine(tx, request.body, (stored) => checkIfMatch(request, "machine", stored)));
      return machineAnswer(context, request.body.id, reply);
    },
  );

  app.post(
    "/v1/machine/:id/state",
    {
      config: { role: "edit" },
      schema: {
        operationId: "setMachineState",
        tags,
        summary: "reserves or locks a machine, or lets it go again",
        params: IdParameter,
        body: MachineState,
        response,
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { value, description = "" } = request.body;
      await transact(db, (tx) => setState(tx, id, { value, description }, request.user.email));
      return machineAnswer(context, id, reply);
    },
  );

  app.delete(
    "/v1/machine/:id/free",
    {
      config: { role: "edit" },
      schema: {
        operationId: "freeMachine",
        tags,
        summary: "takes a machine from its tenant; it comes back when its disks are proven erased",
        params: IdParameter,
        response,
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await transact(db, (tx) => freeMachine(tx, id, request.user.email, clock()));
      return machineAnswer(context, id, reply);
    },
  );

  app.delete(
    "/v1/machine/:id",
    {
      config: { role: "admin" },
      schema: {
        operationId: "deleteMachine",
        tags,
        summary: "forgets a machine that is gone, and returns it",
        params: IdParameter,
        response,
      },
    },
    async (request) => {
      const { id } = request.params;
      const references = await referencesOf(db, [await machineById(db, id)]);
      return machineResponse(await transact(db, (tx) => deleteMachine(tx, id, clock())), references, clock());
    },
  );

  // A GET with a body: that is what clients send.
  app.route({
    method: "GET",
    url: "/v1/machine/consolepassword",
    config: { role: "edit" },
    schema: {
      operationId: "getMachineConsolePassword",
      tags,
      summary: "the password for the console of an allocated machine",
      body: MachineConsolePasswordRequest,
      response: { 200: MachineConsolePasswordResponse },
    },
    handler: async ({ body, user }) => {
      const { id, reason = "" } = body;
      const { passwordReasonMinLength: least } = config;
      if (reason.length < least) throw badRequest(`reason must be at least ${least} characters long`);
      const machine = await machineById(db, id);
      if (!machine.allocation) throw unprocessable("machine is not allocated, no consolepassword present");
      log.info({ machine: id, user: user.email, tenant: user.tenant, reason }, "console password requested");
      return {
        id,
        name: machine.name,
        description: machine.description,
        console_password: openConsolePassword(keyring, machine.allocation).reveal(),
      };
    },
  });
};
