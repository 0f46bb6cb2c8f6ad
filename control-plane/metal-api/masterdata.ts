// Tenants and projects as metal-api sees them: somebody else's data, read over gRPC.
import { createHmac, randomInt } from "node:crypto";
import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { masterdata } from "@metal-stack/protocol";
import type { Secret } from "@metal-stack/service";

/** What metal-api needs to know of a project. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  /** Upper bounds; undefined is unlimited. */
  readonly quotas: { readonly machines?: number; readonly ips?: number; readonly clusters?: number };
}

export interface Masterdata {
  /** Throws the API's 404 (a ConnectError that becomes it) when there is no such project. */
  project(id: string): Promise<Project>;
  /** Throws when masterdata does not answer. */
  check(): Promise<void>;
  readonly projects: Client<typeof masterdata.ProjectService>;
  readonly tenants: Client<typeof masterdata.TenantService>;
}

/** An answer that takes longer is no answer; a request of ours would wait for it. */
const TIMEOUT_MS = 10_000;

/** Over the network with mutual TLS and {@link signer}, or in memory when masterdata runs in the same process. */
export function createMasterdata(transport: Transport): Masterdata {
  const projects = createClient(masterdata.ProjectService, transport);
  const tenants = createClient(masterdata.TenantService, transport);
  const versions = createClient(masterdata.VersionService, transport);
  return {
    projects,
    tenants,
    project: async (id) => {
      const { project } = await projects.get({ id }, { timeoutMs: TIMEOUT_MS });
      const { machine, ip, cluster } = project?.quotas ?? {};
      const bounds = { machines: upperBound(machine), ips: upperBound(ip), clusters: upperBound(cluster) };
      const quotas = Object.fromEntries(Object.entries(bounds).filter(([, bound]) => bound !== undefined));
      return { id, name: project?.name ?? "", tenantId: project?.tenantId ?? "", quotas };
    },
    check: async () => void (await versions.get({}, { timeoutMs: TIMEOUT_MS })),
  };
}

/** How much a quota allows; undefined is unlimited. Entries of old clients are in the deprecated field. */
export function upperBound(quota: masterdata.Quota | undefined): number | undefined {
  return quota?.max ?? quota?.quota;
}

const SALT_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Signs every call as masterdata demands: type `tmdm`, method `GRPC` (reference/platform-services.md 2.6). */
export function signer(key: Secret, clock: () => Date): Interceptor {
  return (next) => (request) => {
    const date = clock()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
    const salt = Array.from({ length: 24 }, () => SALT_LETTERS[randomInt(SALT_LETTERS.length)]).join("");
    const mac = createHmac("sha256", key.reveal()).update(`${date}GRPC${salt}`).digest("hex");
    request.header.set("authorization", `tmdm ${mac}`);
    request.header.set("x-date", date);
    request.header.set("x-data-salt", salt);
    return next(request);
  };
}
