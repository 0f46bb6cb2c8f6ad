// Every gRPC method of metal-api, with every certificate but the right one.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { DescMethod, JsonObject } from "@bufbuild/protobuf";
import type { ClientCredentials } from "@metal-stack/service";
import { LEAVES, PARTITION } from "../../region/servers.ts";
import { erased, registration } from "../machine.ts";
import type { Stage } from "../stage.ts";
import { METHODS, nameOf } from "../station/grpc.ts";
import { until } from "../until.ts";
import type { Attack } from "./attack.ts";
import { call, inventMachine, strangerAtHome } from "./stranger.ts";

const EXCHANGE = "agent.v1.IdentityService/Exchange";
const RENEW = "agent.v1.IdentityService/Renew";
/** Without anything of anybody in question or answer: a machine may ask, and is told that there is no such password. */
const SUPER_USER_PASSWORD = "api.v1.BootService/SuperUserPassword";

/** A request that names the victim wherever a request can name somebody. */
function aimedAt(method: DescMethod, { victim }: Stage): JsonObject {
  const names: Readonly<Record<string, string>> = {
    uuid: victim.uuid,
    machineId: victim.uuid,
    id: method.parent.name === "SwitchService" ? LEAVES[0] : victim.uuid,
    partitionId: PARTITION,
    commandId: randomUUID(),
    mac: victim.mac,
  };
  const named = method.input.fields.flatMap(({ jsonName }) => (names[jsonName] ? [[jsonName, names[jsonName]]] : []));
  const events = method.input.fields.some(({ jsonName }) => jsonName === "events");
  return {
    ...(Object.fromEntries(named) as JsonObject),
    ...(events && { events: { [victim.uuid]: { event: "Alive", message: "it lives" } } }),
  };
}

/** What each method answers to these credentials. */
async function tryAll(stage: Stage, credentials: ClientCredentials): Promise<Map<string, string>> {
  await strangerAtHome(stage);
  const codes = new Map<string, string>();
  for (const method of METHODS)
    codes.set(nameOf(method), (await call(stage, credentials, nameOf(method), aimedAt(method, stage))).code);
  await stage.stranger.do("grpcRelease", undefined);
  return codes;
}

async function allAre(stage: Stage, credentials: ClientCredentials, code: string, except: Record<string, string> = {}) {
  const found = Object.fromEntries(await tryAll(stage, credentials));
  const wanted = Object.fromEntries(METHODS.map((method) => [nameOf(method), except[nameOf(method)] ?? code]));
  assert.deepEqual(found, wanted);
  assert.ok(METHODS.length >= 20, "all methods were tried");
}

const eachMethod = "every method of api.v1 and agent.v1 (new ones too), in the victim's name";

export const CERTIFICATES: readonly Attack[] = [
  {
    attack: "calls every method without a certificate",
    tried: eachMethod,
    holds: "all unauthenticated",
    run: async (stage) => allAre(stage, { ca: stage.ca }, "unauthenticated"),
  },
  {
    attack: "calls every method with a certificate it signed itself",
    tried: `${eachMethod}; the certificate names metal-core, pixiecore and the victim`,
    holds: "all unauthenticated",
    run: async (stage) => allAre(stage, await stage.forge(stage.victim.uuid), "unauthenticated"),
  },
  {
    attack: "calls every method with a stolen certificate of an earlier boot",
    tried: `${eachMethod}, with the victim's key and certificate from before its last boot`,
    holds: "all unauthenticated",
    run: async (stage) => {
      const stolen = stage.victim.credentials;
      assert.equal((await stage.victim.call(RENEW, {})).code, "invalidargument", "it was good before");
      await stage.victim.boot();
      await allAre(stage, stolen, "unauthenticated");
    },
  },
  {
    attack: "calls every method with an expired certificate",
    tried: `${eachMethod}, with a certificate of the authority that ended a second ago`,
    holds: "all unauthenticated",
    run: async (stage) => {
      const expired = await stage.certify("metal-core", `expired-${randomUUID()}`, 0.00001);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      await allAre(stage, expired, "unauthenticated");
    },
  },
  {
    attack: "calls every method with another machine's certificate",
    tried: `${eachMethod}, with the certificate of a machine of its own`,
    holds: "permission denied, but for what names nobody",
    run: async (stage) => {
      const { credentials } = await inventMachine(stage);
      await allAre(stage, credentials, "permissiondenied", {
        [EXCHANGE]: "unauthenticated",
        // Its own, and without a signing request.
        [RENEW]: "invalidargument",
        [SUPER_USER_PASSWORD]: "ok",
      });
    },
  },
  {
    attack: "calls every method with a certificate that the authority never gave to a machine",
    tried: `${eachMethod}, with a certificate for the victim that was signed with the stolen key of the authority`,
    holds: "all unauthenticated: machines' certificates count only when metal-api remembers them",
    run: async (stage) =>
      allAre(stage, await stage.certify("machine", stage.victim.uuid), "unauthenticated", {
        [EXCHANGE]: "unauthenticated",
      }),
  },
  {
    attack: "reports in another machine's name",
    tried:
      "events, alive, an erase, touched disks and an installation of the victim and of the tenant's machine, between its own",
    holds: "permission denied, nothing recorded",
    run: async (stage) => {
      const { uuid, credentials } = await inventMachine(stage);
      for (const other of [stage.victim.uuid, stage.tenant.uuid]) {
        const both = { [uuid]: { event: "Alive" }, [other]: { event: "Crashed", message: "spoofed" } };
        for (const [method, request] of [
          ["api.v1.EventService/Send", { events: both }],
          ["agent.v1.HammerService/ReportErase", erased(other, randomUUID())],
          ["agent.v1.HammerService/EraseProgress", { machineId: other, message: "spoofed" }],
          ["agent.v1.HammerService/DisksTouched", { machineId: other, allocationId: randomUUID() }],
          ["api.v1.BootService/Report", { uuid: other, success: true, bootInfo: {} }],
          ["api.v1.BootService/AbortReinstall", { uuid: other, primaryDiskWiped: true }],
        ] as const)
          assert.equal((await call(stage, credentials, method, request)).code, "permissiondenied", method);
      }
    },
  },
  {
    attack: "registers as another machine",
    tried: "the victim's and the tenant's UUID with the certificate of a machine of its own",
    holds: "permission denied",
    run: async (stage) => {
      const { credentials } = await inventMachine(stage);
      for (const { uuid, port, station } of [stage.victim, stage.tenant]) {
        const answer = await call(
          stage,
          credentials,
          "api.v1.BootService/Register",
          registration(uuid, port, station.macs),
        );
        assert.equal(answer.code, "permissiondenied");
      }
    },
  },
  {
    attack: "registers at another machine's ports",
    tried: "a machine of its own that claims to hear the tenant's, then the victim's leaf ports by LLDP",
    holds: "refused: the leaves do not see its NICs there",
    run: async (stage) => {
      const { uuid, credentials } = await inventMachine(stage);
      for (const { port } of [stage.tenant, stage.victim]) {
        const claim = registration(uuid, port, stage.stranger.macs);
        const answer = await call(stage, credentials, "api.v1.BootService/Register", claim);
        assert.ok(["aborted", "failedprecondition"].includes(answer.code), `${answer.code} ${answer.message}`);
      }
    },
  },
  {
    attack: "registers another machine's NICs",
    tried: "a machine of its own, at its own ports, with the victim's MACs",
    holds: "refused: they are another machine's",
    run: async (stage) => {
      const { uuid, credentials } = await inventMachine(stage);
      const claim = registration(uuid, "swp3", stage.victim.station.macs);
      const answer = await call(stage, credentials, "api.v1.BootService/Register", claim);
      assert.equal(answer.code, "failedprecondition", answer.message);
    },
  },
  {
    attack: "joins the pool as a machine that nobody bought",
    tried: "an invented UUID at its own ports, registered and erased by the book",
    holds: "held back: no BMC of the partition vouches for it, so no tenant's data comes its way",
    run: async (stage) => {
      const { uuid, credentials } = await inventMachine(stage);
      const ask = (method: string, request: JsonObject) => call(stage, credentials, method, request);
      const { stranger } = stage;
      await until("the leaves see the stranger", async () => {
        const frames = stranger.macs.map((mac, n) => ({
          card: `eth${n}`,
          mac,
          systemName: uuid,
          systemDescription: "",
        }));
        await stranger.do("lldpSay", { frames });
        const answer = await ask("api.v1.BootService/Register", registration(uuid, "swp3", stranger.macs));
        assert.equal(answer.code, "ok", answer.message);
      });
      const instructions = async () =>
        (await ask("agent.v1.HammerService/Instructions", { machineId: uuid })).response[0] as JsonObject;
      const first = await instructions();
      const erase = first["erase"] as JsonObject;
      await ask("agent.v1.HammerService/ReportErase", erased(uuid, erase["jobId"] as string));
      const told = await instructions();
      assert.notEqual((told["wait"] as JsonObject | undefined)?.["allocatable"], true, JSON.stringify(told));
      const machine = await stage.api.get<JsonObject>(`/v1/machine/${uuid}`);
      assert.equal(machine["waiting"], undefined);
    },
  },
  {
    attack: "uses the certificates of another partition's agents",
    tried:
      "pixiecore and metal-bmc of partition elsewhere: plans, DHCP news, BMC reports and commands of partition lab",
    holds: "permission denied, and the victim's BMC is not touched",
    run: async (stage) => {
      await strangerAtHome(stage);
      const { victim } = stage;
      const pixiecore = await stage.certify("pixiecore", `elsewhere-${randomUUID()}`);
      const bmc = await stage.certify("metal-bmc", `elsewhere-${randomUUID()}`);
      const report = { machineId: victim.uuid, address: "10.66.66.66:623" };
      for (const [credentials, method, request, code] of [
        [
          pixiecore,
          "agent.v1.BootPlanService/Plan",
          { partitionId: PARTITION, machineId: victim.uuid },
          "permissiondenied",
        ],
        [pixiecore, "api.v1.BootService/Dhcp", { partitionId: PARTITION, uuid: victim.uuid }, "permissiondenied"],
        [bmc, "agent.v1.BmcService/Report", { partitionId: PARTITION, reports: [report] }, "permissiondenied"],
        [bmc, "agent.v1.BmcService/Commands", { partitionId: PARTITION }, "permissiondenied"],
        [bmc, "agent.v1.BmcService/CommandDone", { commandId: randomUUID() }, "notfound"],
      ] satisfies [ClientCredentials, string, JsonObject, string][])
        assert.equal((await call(stage, credentials, method, request)).code, code, method);
    },
  },
  {
    attack: "uses the certificate of another leaf",
    tried:
      "a metal-core that no machine is plugged into says that the tenant's machine phoned home, and speaks for leaf01",
    holds: "not taken; permission denied",
    run: async (stage) => {
      await strangerAtHome(stage);
      const leaf = await stage.certify("metal-core", `leaf-${randomUUID()}`);
      const events = { [stage.tenant.uuid]: { event: "Phoned Home", message: "spoofed" } };
      const sent = await call(stage, leaf, "api.v1.EventService/Send", { events });
      assert.deepEqual(sent.response, [{ failed: [stage.tenant.uuid] }]);
      for (const method of ["Register", "Watch", "Notify"]) {
        const answer = await call(stage, leaf, `agent.v1.SwitchService/${method}`, { id: LEAVES[0] });
        assert.equal(answer.code, "permissiondenied", method);
      }
    },
  },
];
