// Too much of everything, towards metal-api.
import assert from "node:assert/strict";
import { ADDRESSES, GRPC_ADDRESS } from "../../region/services.ts";
import { registration } from "../machine.ts";
import { until } from "../until.ts";
import type { Attack } from "./attack.ts";
import { call, inventMachine, strangerAtHome } from "./stranger.ts";

const INSTRUCTIONS = "agent.v1.HammerService/Instructions";
const CONNECTIONS = 1_500;

export const FLOODS: readonly Attack[] = [
  {
    attack: "sends more than a message may hold",
    tried: "a registration of 3 MB",
    holds: "refused before it is read",
    run: async (stage) => {
      const { uuid, credentials } = await inventMachine(stage);
      const request = { ...registration(uuid, "swp3", stage.stranger.macs), metalHammerVersion: "x".repeat(3_000_000) };
      const answer = await call(stage, credentials, "api.v1.BootService/Register", request);
      assert.equal(answer.code, "resourceexhausted");
    },
  },
  {
    attack: "keeps hundreds of streams open",
    tried: "400 streams of instructions for a machine of its own, on one connection",
    holds: "sixteen calls at a time for one machine",
    run: async (stage) => {
      const { stranger } = stage;
      const { uuid, credentials } = await inventMachine(stage);
      const order = { address: GRPC_ADDRESS, credentials, method: INSTRUCTIONS, request: { machineId: uuid } };
      const answers = await Promise.all(Array.from({ length: 400 }, () => stranger.do("grpcOpen", order)));
      const open = answers.filter(({ code }) => code === "ok").length;
      assert.ok(open <= 16, `${open} streams are open`);
      assert.equal(answers.find(({ code }) => code !== "ok")!.code, "resourceexhausted");
      await stranger.do("grpcRelease", undefined);
    },
  },
  {
    attack: "listens on after its certificate was revoked",
    tried: "the victim's stream of before its last boot, held open",
    holds: "ended at once",
    run: async (stage) => {
      const { stranger, victim } = stage;
      await strangerAtHome(stage);
      const order = { address: GRPC_ADDRESS, credentials: victim.credentials, method: INSTRUCTIONS };
      await stranger.do("grpcOpen", { ...order, request: { machineId: victim.uuid } });
      assert.equal(await stranger.do("grpcHeld", undefined), 1);
      await victim.boot();
      const ended = async () => assert.equal(await stranger.do("grpcHeld", undefined), 0);
      await until("the stream ends", ended, 5_000);
    },
  },
  {
    attack: "opens more connections than a switch full of servers",
    tried: `${CONNECTIONS} connections to metal-api's gRPC port from one address, and nothing said on them`,
    holds: "metal-api takes a bounded number of them, and the victim boots while they are held",
    run: async (stage) => {
      const { stranger, victim } = stage;
      await strangerAtHome(stage);
      await stranger.do("tcpHold", {
        host: ADDRESSES.control,
        port: ADDRESSES.grpcPort,
        count: CONNECTIONS,
        start: "",
      });
      // The kernel greets all of them; metal-api ends those that are too many as it comes to them.
      await until("metal-api holds no more than it takes", async () => {
        const held = await stranger.do("tcpHeld", undefined);
        assert.ok(held <= 512, `${held} connections are held`);
      });
      await victim.boot();
      await stranger.do("tcpRelease", undefined);
    },
  },
  {
    attack: "uses up the calls of strangers",
    tried: "exchanges of invented tickets without a pause, 64 at a time",
    holds: "the victim's own exchange gets through meanwhile",
    run: async (stage) => {
      const { stranger, victim, ca } = stage;
      await strangerAtHome(stage);
      const attack = new AbortController();
      const request = { machineId: victim.uuid, ticket: "A".repeat(43), csr: "AAAA" };
      const order = {
        address: GRPC_ADDRESS,
        credentials: { ca },
        method: "agent.v1.IdentityService/Exchange",
        request,
      };
      const attackers = Array.from({ length: 64 }, async () => {
        while (!attack.signal.aborted) await stranger.do("grpc", order);
      });
      try {
        await victim.boot();
      } finally {
        attack.abort();
      }
      await Promise.all(attackers);
    },
  },
];
