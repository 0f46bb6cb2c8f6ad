import { IdParameter, MachineReinstallRequest, MachineResponse } from "@metal-stack/api-schema";
import { transact } from "../database/transaction.ts";
import { machineAnswer } from "../machines/answers.ts";
import type { RouteModule } from "../rest/app.ts";
import { reinstallMachine } from "./commands.ts";

export const reinstallRoutes: RouteModule = (app, context) => {
  const { db, clock } = context;
  app.post(
    "/v1/machine/:id/reinstall",
    {
      config: { role: "edit" },
      schema: {
        operationId: "reinstallMachine",
        tags: ["machine"],
        summary: "reinstall this machine",
        params: IdParameter,
        body: MachineReinstallRequest,
        response: { 200: MachineResponse },
      },
    },
    async ({ params, body, user }, reply) => {
      const { imageid = "" } = body;
      await transact(db, (tx) => reinstallMachine(tx, params.id, imageid, user.email, clock()));
      return machineAnswer(context, params.id, reply);
    },
  );
};
