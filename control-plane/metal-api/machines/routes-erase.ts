// Proof of erased disks, and what an operator does when it fails.
import {
  EraseRecordKey,
  IdParameter,
  MachineEraseOverrideRequest,
  MachineEraseRecord,
  MachineEraseRetryRequest,
  MachineResponse,
} from "@metal-stack/api-schema";
import { Type } from "typebox";
import { auditRequest } from "../audit/store.ts";
import { transact } from "../database/transaction.ts";
import { overrideQuarantine, retryErase } from "../release/commands.ts";
import { eraseRecordsOf, recordKeys } from "../release/store.ts";
import type { RouteModule } from "../rest/app.ts";
import { machineAnswer } from "./answers.ts";

const tags = ["machine"];

export const machineEraseRoutes: RouteModule = (app, context) => {
  const { db, clock } = context;

  app.get(
    "/v1/machine/:id/erase-records",
    {
      config: { role: "view" },
      schema: {
        operationId: "listMachineEraseRecords",
        tags,
        summary: "signed records of how each disk was erased and what reading back showed, newest first, kept for ever",
        params: IdParameter,
        response: { 200: Type.Array(MachineEraseRecord) },
      },
    },
    async (request) =>
      (await eraseRecordsOf(db, request.params.id)).map(({ document, signature }) => ({
        ...document,
        attempts: [...document.attempts],
        signature,
      })),
  );

  app.get(
    "/v1/machine/erase-record-keys",
    {
      config: { role: "view" },
      schema: {
        operationId: "listEraseRecordKeys",
        tags,
        summary: "public keys of all signatures there are, newest first",
        response: { 200: Type.Array(EraseRecordKey) },
      },
    },
    async () => (await recordKeys(db)).map(({ created, ...key }) => ({ ...key, created: created.toISOString() })),
  );

  app.post(
    "/v1/machine/:id/erase-retry",
    {
      config: { role: "edit" },
      schema: {
        operationId: "retryMachineErase",
        tags,
        summary: "erases the disks of a quarantined machine again, or of one whose release gave up",
        params: IdParameter,
        body: MachineEraseRetryRequest,
        response: { 200: MachineResponse },
      },
    },
    async (request, reply) => {
      const { params, body, user } = request;
      await transact(db, async (tx) => {
        await retryErase(tx, params.id, by(user.email, body.reason), clock());
        await auditRequest(tx, request, params.id);
      });
      return machineAnswer(context, params.id, reply);
    },
  );

  app.post(
    "/v1/machine/:id/erase-override",
    {
      config: { role: "admin" },
      schema: {
        operationId: "overrideMachineErase",
        tags,
        summary: "lets a quarantined machine go without proof, with the disks it has now",
        params: IdParameter,
        body: MachineEraseOverrideRequest,
        response: { 200: MachineResponse },
      },
    },
    async (request, reply) => {
      const { params, body, user } = request;
      await transact(db, async (tx) => {
        await overrideQuarantine(tx, params.id, user.email, body.reason.replaceAll("\0", "").toWellFormed());
        await auditRequest(tx, request, params.id);
      });
      return machineAnswer(context, params.id, reply);
    },
  );
};

function by(user: string, reason = ""): string {
  return reason === "" ? user : `${user}: ${reason.replaceAll("\0", "").toWellFormed()}`;
}
