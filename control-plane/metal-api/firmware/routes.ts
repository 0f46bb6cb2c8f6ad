import {
  FirmwareParameters,
  FirmwareQuery,
  FirmwaresResponse,
  IdParameter,
  MachineResponse,
  MachineUpdateFirmwareRequest,
} from "@metal-stack/api-schema";
import type { Readable } from "node:stream";
import { type Static, Type } from "typebox";
import { enqueueBmcCommand } from "../bmc/commands.ts";
import { transact } from "../database/transaction.ts";
import { ApiError, badRequest, disabled } from "../errors.ts";
import { machineAnswer } from "../machines/answers.ts";
import { machineById, type MachineRow } from "../machines/store.ts";
import type { App, RouteModule } from "../rest/app.ts";
import {
  boardOf,
  type Firmware,
  FIRMWARE_KINDS,
  firmwareAt,
  firmwareOf,
  firmwaresResponse,
  type InstalledFirmware,
  keyOf,
  kindOf,
  updateOf,
} from "./rules.ts";
import { boundaryOf, fieldOf } from "./multipart.ts";
import { boardExists } from "./boards.ts";
import { FirmwareStore } from "./store.ts";

const tags = ["firmware"];
const PATH = "/v1/firmware/:kind/:vendor/:board/:revision";
const NOTHING = { 200: Type.Unsafe<undefined>({ type: "null", description: "OK" }) };

export const firmwareRoutes: RouteModule = (app, context) => {
  const { db, config } = context;
  const configured = config.firmwareStore && new FirmwareStore(config.firmwareStore);
  if (configured) app.addHook("onClose", () => configured.close());
  const open = (): FirmwareStore => {
    if (!configured) throw disabled();
    return configured;
  };

  app.get(
    "/v1/firmware",
    {
      config: { role: "admin" },
      schema: {
        operationId: "listFirmwares",
        tags,
        summary: "returns all firmwares (for a specific machine)",
        querystring: FirmwareQuery,
        response: { 200: FirmwaresResponse },
      },
    },
    async ({ query }) => {
      const store = open();
      const asked = kindOf(query.kind ?? "");
      const kinds = asked ? [asked] : FIRMWARE_KINDS;
      if (query["machine-id"]) {
        const { vendor, board, revisions } = installedFirmware(await machineById(db, query["machine-id"]));
        const now = kinds.map((kind) => ({ kind, vendor, board, revision: revisions[kind] }));
        return firmwaresResponse(kinds, now);
      }
      return firmwaresResponse(kinds, await files(store, kinds, query));
    },
  );

  app.delete(
    PATH,
    {
      config: { role: "admin", emptyBody: true },
      schema: {
        operationId: "removeFirmware",
        tags,
        summary: "remove given firmware",
        params: FirmwareParameters,
        response: NOTHING,
      },
    },
    async ({ params }, reply) => {
      await open().remove(keyOf(firmwareOf(params)));
      return reply.code(200).send();
    },
  );

  app.register(async (forms) => {
    takeForms(forms);
    forms.put(
      PATH,
      {
        config: { role: "admin", anyContentType: true },
        schema: {
          operationId: "uploadFirmware",
          tags,
          summary: "upload given firmware",
          consumes: ["multipart/form-data"],
          params: FirmwareParameters,
          body: Type.Object({
            file: Type.Optional(Type.String({ contentEncoding: "binary", description: "the firmware file" })),
          }),
          response: NOTHING,
        },
        // The body is a stream: nothing to look at yet. Parts of a path are texts whatever they are.
        validatorCompiler: () => () => true,
      },
      async ({ params, body, headers }, reply) => {
        const store = open();
        const firmware = firmwareOf(params as Static<typeof FirmwareParameters>);
        if (!(await boardExists(db, firmware)))
          throw badRequest(`there is no machine of vendor ${firmware.vendor} with board ${firmware.board}`);
        const form = body as Readable;
        await store.upload(
          keyOf(firmware),
          fieldOf(form.iterator({ destroyOnReturn: false }), boundaryOf(headers["content-type"] ?? ""), "file"),
        );
        return reply.code(200).send();
      },
    );
  });

  app.post(
    "/v1/machine/update-firmware/:id",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updateFirmware",
        tags: ["machine"],
        summary: "sends a firmware command to the machine; how that went is told by GET /v1/machine/{id}/jobs",
        params: IdParameter,
        body: MachineUpdateFirmwareRequest,
        response: { 200: MachineResponse },
      },
    },
    async ({ params, body, user }, reply) => {
      const store = open();
      const machine = await machineById(db, params.id);
      const installed = installedFirmware(machine);
      const wanted = { kind: body.kind ?? "", revision: body.revision ?? "" };
      const available = await files(
        store,
        FIRMWARE_KINDS.filter((kind) => kind === wanted.kind),
        installed,
      );
      const file = updateOf(installed, wanted, available);
      const firmware = { kind: file.kind, url: await store.link(keyOf(file)) };
      const target = { id: machine.id, partitionId: machine.partition_id };
      await transact(db, (tx) => enqueueBmcCommand(tx, target, "UPDATE-FIRMWARE", user.email, { firmware }));
      return machineAnswer(context, machine.id, reply);
    },
  );
};

/** In this scope a request's body is a form, not yet read, or refused. */
function takeForms(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("multipart/form-data", (_, payload, done) => done(null, payload));
  app.addHook("preParsing", async ({ headers }) => {
    if (headers["content-type"] === undefined) throw new ApiError(415, "415: Unsupported Media Type");
  });
}

/** The files of these kinds, for one vendor and one board where they are named. */
async function files(
  store: FirmwareStore,
  kinds: readonly string[],
  of: { readonly vendor?: string | undefined; readonly board?: string | undefined },
): Promise<Firmware[]> {
  const { vendor, board } = boardOf({ vendor: of.vendor ?? "", board: of.board ?? "" });
  const keys = await Promise.all(kinds.map((kind) => store.keys(`${kind}/`)));
  return keys
    .flat()
    .flatMap((key) => firmwareAt(key) ?? [])
    .filter((file) => vendor === "" || file.vendor.toLowerCase() === vendor)
    .filter((file) => board === "" || file.board.toUpperCase() === board);
}

function installedFirmware({ ipmi, bios }: MachineRow): InstalledFirmware {
  const { board_mfg: vendor = "", board_part_number: board = "" } = ipmi?.fru ?? {};
  return {
    ...boardOf({ vendor, board }),
    revisions: { bmc: ipmi?.bmcversion ?? "", bios: bios?.version ?? "" },
  };
}
