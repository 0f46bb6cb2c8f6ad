// Stands in for metal-api: the two gRPC services a boot server calls, over mutual TLS, remembering every call.
import { createSecureServer, type Http2Session } from "node:http2";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { agent, BootService } from "@metal-stack/protocol";
import { parseIdentity } from "@metal-stack/service";
import type { TLSSocket } from "node:tls";
import type { TestCertificates } from "./certificates.ts";

type PlanInit = MessageInitShape<typeof agent.PlanResponseSchema>["plan"];

export interface StandInMetalApi {
  readonly address: string;
  /** Calls in order of arrival. */
  readonly dhcpCalls: { uuid: string; partitionId: string }[];
  readonly planCalls: { machineId: string; mac: string; architecture: string; partitionId: string }[];
  /** "pixiecore partition-1" of each connection. */
  readonly callers: string[];
  /** What the next calls answer; `n` counts plans, so that tickets differ. */
  plan: (n: number) => PlanInit | Promise<PlanInit>;
  /** What a call of Dhcp waits for. */
  slow: Promise<void>;
  close(): Promise<void>;
}

export async function startMetalApi(certificates: TestCertificates, port = 0): Promise<StandInMetalApi> {
  const dhcpCalls: StandInMetalApi["dhcpCalls"] = [];
  const planCalls: StandInMetalApi["planCalls"] = [];
  const callers: string[] = [];
  const sessions = new Set<Http2Session>();
  const server = createSecureServer(
    { ...certificates.server, ca: certificates.ca, requestCert: true, rejectUnauthorized: true },
    connectNodeAdapter({
      routes: (router) => {
        router.service(BootService, {
          dhcp: async ({ uuid, partitionId }) => {
            dhcpCalls.push({ uuid, partitionId });
            await metalApi.slow;
            return {};
          },
        });
        router.service(agent.BootPlanService, {
          plan: async ({ machineId, mac, architecture, partitionId }) => {
            planCalls.push({ machineId, mac, architecture, partitionId });
            const plan = await metalApi.plan(planCalls.length);
            return plan === undefined ? {} : { plan };
          },
        });
      },
    }),
  );
  server.on("session", (session: Http2Session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    const identity = parseIdentity((session.socket as TLSSocket).getPeerCertificate().subjectaltname);
    callers.push(identity ? `${identity.component} ${identity.id}` : "nobody");
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const metalApi: StandInMetalApi = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    dhcpCalls,
    planCalls,
    callers,
    slow: Promise.resolve(),
    plan: () => ({ case: "refuse", value: { reason: "the test set no plan" } }),
    close: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return metalApi;
}
