import {
  IdParameter,
  MachineFindRequest,
  MachineBmcLoginForgotten,
  type MachineIpmiReport,
  MachineIpmiReportResponse,
  MachineIpmiReports,
  MachineIPMIResponse,
  MachineResponse,
} from "@metal-stack/api-schema";
import { Type } from "typebox";
import type { BmcCommandName } from "../bmc/commands.ts";
import { forgetLogins } from "../bmc/logins.ts";
import { recordBmcReports } from "../bmc/reports.ts";
import { rotateOnCommand } from "../bmc/rotation.ts";
import type { BmcFacts } from "../bmc/rules.ts";
import { transact } from "../database/transaction.ts";
import { badRequest } from "../errors.ts";
import { projectsInSight } from "../members/member.ts";
import type { RouteModule } from "../rest/app.ts";
import { loginsFor, machineAnswer } from "./answers.ts";
import { commandBmc, setLed } from "./commands.ts";
import { ipmiResponse, machineIpmiResponse } from "./mapping.ts";
import type { MachineQuery } from "./query.ts";
import { referencesOf } from "./references.ts";
import { bmcsOf, lockMachine, machineById } from "./store.ts";
import { sendMachines } from "./texts.ts";

const tags = ["machine"];

/** Last part of the path, operation id, command. bios, disk and pxe choose what is booted next time; none of them boots. */
const POWER: readonly (readonly [path: string, operationId: string, command: BmcCommandName, summary: string])[] = [
  ["on", "machineOn", "ON", "switches the machine on"],
  ["off", "machineOff", "OFF", "switches the machine off"],
  ["reset", "machineReset", "RESET", "resets the machine"],
  ["cycle", "machineCycle", "CYCLE", "switches the machine off and on"],
  ["bios", "machineBios", "BIOS", "next time the machine stops in its firmware's set-up"],
  ["disk", "machineDisk", "DISK", "from next time on the machine boots from its disk"],
  ["pxe", "machinePxe", "PXE", "from next time on the machine boots from the network"],
];

const LEDS = [
  ["chassis-identify-led-on", "chassisIdentifyLEDOn", "LED-ON", "switches the machine's identify LED on"],
  ["chassis-identify-led-off", "chassisIdentifyLEDOff", "LED-OFF", "switches the machine's identify LED off"],
] as const;

export const machineBmcRoutes: RouteModule = (app, context) => {
  const { db, clock } = context;

  for (const [path, operationId, command, summary] of POWER)
    app.post(
      `/v1/machine/:id/power/${path}`,
      {
        config: { role: "edit", emptyBody: true },
        schema: { operationId, tags, summary, params: IdParameter, response: { 200: MachineResponse } },
      },
      async (request, reply) => {
        const { id } = request.params;
        await transact(db, (tx) => commandBmc(tx, id, command, request.user.email, clock()));
        return machineAnswer(context, id, reply);
      },
    );

  for (const [path, operationId, value, summary] of LEDS)
    app.post(
      `/v1/machine/:id/power/${path}`,
      {
        config: { role: "edit", emptyBody: true },
        schema: {
          operationId,
          tags,
          summary,
          params: IdParameter,
          querystring: Type.Object({ description: Type.Optional(Type.String({ maxLength: 1000 })) }),
          response: { 200: MachineResponse },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { description = "" } = request.query;
        await transact(db, (tx) => setLed(tx, id, value, description, request.user.email));
        return machineAnswer(context, id, reply);
      },
    );

  app.get(
    "/v1/machine/:id/ipmi",
    {
      config: { role: "view" },
      schema: {
        operationId: "findIPMIMachine",
        tags,
        summary: "one machine with its BMC; viewers do not see the password",
        params: IdParameter,
        response: { 200: MachineIPMIResponse },
      },
    },
    async (request) => {
      const machine = await machineById(db, request.params.id);
      const references = await referencesOf(db, [machine]);
      const logins = await loginsFor(request.user, context, [machine.id]);
      return machineIpmiResponse(machine, references, clock(), logins.get(machine.id));
    },
  );

  app.post(
    "/v1/machine/ipmi/find",
    {
      config: { role: "view" },
      schema: {
        operationId: "findIPMIMachines",
        tags,
        summary: "the machines that match all parts of a query, with their BMCs; viewers do not see passwords",
        body: MachineFindRequest,
        response: { 200: Type.Array(MachineIPMIResponse) },
      },
    },
    async (request, reply) => {
      const query: MachineQuery = { ...request.body, within: projectsInSight(request) };
      return sendMachines(context, reply, query, async (ids) => {
        const bmcs = await bmcsOf(db, ids);
        const logins = await loginsFor(request.user, context, ids);
        return (id) => ({ ipmi: ipmiResponse(bmcs.get(id), logins.get(id)) });
      });
    },
  );

  app.post(
    "/v1/machine/:id/bmc/rotate",
    {
      config: { role: "edit" },
      schema: {
        operationId: "rotateBmcPassword",
        tags,
        summary: "gives the BMC of the machine a new password; how that goes is told by GET /v1/machine/{id}/jobs",
        params: IdParameter,
        response: { 200: MachineResponse },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await transact(db, async (tx) => rotateOnCommand(tx, await lockMachine(tx, id), request.user.email, clock()));
      return machineAnswer(context, id, reply);
    },
  );

  app.delete(
    "/v1/machine/:id/bmc/login",
    {
      config: { role: "admin" },
      schema: {
        operationId: "forgetBmcLogin",
        tags,
        summary: "forgets how to log in to the BMC of a machine that was deleted and will not come back",
        params: IdParameter,
        response: { 200: MachineBmcLoginForgotten },
      },
    },
    async ({ params: { id }, user }) => {
      const forgotten = await transact(db, (tx) => forgetLogins(tx, id));
      context.log.info({ machine: id, forgotten, user: user.email }, "BMC logins of a deleted machine forgotten");
      return { id, forgotten };
    },
  );

  app.post(
    "/v1/machine/ipmi",
    {
      config: { role: "edit" },
      schema: {
        operationId: "ipmiReport",
        tags,
        summary: "what the BMCs of a partition say of themselves",
        body: MachineIpmiReports,
        response: { 200: MachineIpmiReportResponse },
      },
    },
    async ({ body }) => {
      if (!body.partitionid) throw badRequest("partition id must not be empty");
      const facts = Object.entries(body.reports ?? {}).map(
        ([id, report]) => [id.toLowerCase(), factsOf(report)] as const,
      );
      return recordBmcReports(context, body.partitionid, new Map(facts), clock());
    },
  );
};

function factsOf(report: MachineIpmiReport): BmcFacts {
  return {
    address: report.BMCIp ?? "",
    mac: "",
    bmcVersion: report.BMCVersion ?? "",
    biosVersion: report.BIOSVersion ?? "",
    powerState: report.PowerState ?? "",
    indicatorLed: report.IndicatorLEDState ?? "",
    fru: report.FRU ?? {},
    ...(report.PowerMetric && { powermetric: report.PowerMetric }),
    powersupplies: report.PowerSupplies ?? [],
  };
}
