// Tenants and projects as metal-api sees them: somebody else's data, read over gRPC.
import { createHmac, randomInt } from "node:crypto";
import { type Client, Code, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { masterdata } from "@metal-stack/protocol";
import type { Secret } from "@metal-stack/service";
import { internal } from "./errors.ts";
import type { Membership } from "./members/rules-roles.ts";

/** Upper bounds; undefined is unlimited. */
export interface Quotas {
  readonly machines?: number;
  readonly ips?: number;
}

/** What metal-api needs to know of a project. */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  readonly quotas: Quotas;
}

export interface Masterdata {
  /** Throws the API's 404 (a ConnectError that becomes it) when there is no such project, 500 when masterdata is away. */
  project(id: string): Promise<Project>;
  /** What all projects of a tenant may have together. Throws as {@link project}. */
  tenantQuotas(id: string): Promise<Quotas>;
  /** Of a tenant. */
  projectIds(tenantId: string): Promise<string[]>;
  /** How a tenant, who may be one person, takes part in projects of others. None for whoever is unknown. */
  memberships(tenantId: string, namespace: string): Promise<Membership[]>;
  /** Throws when masterdata does not answer. */
  check(): Promise<void>;
  readonly projects: Client<typeof masterdata.ProjectService>;
  readonly tenants: Client<typeof masterdata.TenantService>;
}

/** An answer that takes longer is no answer; a request of ours would wait for it. */
const TIMEOUT_MS = 10_000;

/** Over the network with mutual TLS and {@link signer}, or in memory when masterdata runs in the same process. */
export function createMasterdata(network: Transport, timeoutMs = TIMEOUT_MS): Masterdata {
  const transport = bounded(network, timeoutMs);
  const projects = createClient(masterdata.ProjectService, transport);
  const tenants = createClient(masterdata.TenantService, transport);
  const versions = createClient(masterdata.VersionService, transport);
  return {
    projects,
    tenants,
    project: async (id) => {
      const { project } = await answered(projects.get({ id }));
      return { id, name: project?.name ?? "", tenantId: project?.tenantId ?? "", quotas: quotasOf(project?.quotas) };
    },
    tenantQuotas: async (id) => quotasOf((await answered(tenants.get({ id }))).tenant?.quotas),
    projectIds: async (tenantId) => {
      const owned = await answered(projects.find({ tenantId }));
      return owned.projects.flatMap(({ meta }) => (meta ? [meta.id] : []));
    },
    memberships: async (tenantId, namespace) => {
      const found = await answered(tenants.findParticipatingProjects({ tenantId, namespace, includeInherited: true }));
      return found.projects.flatMap(({ project, projectAnnotations, tenantAnnotations }) =>
        project?.meta ? [{ projectId: project.meta.id, projectAnnotations, tenantAnnotations }] : [],
      );
    },
    check: async () => void (await versions.get({})),
  };
}

/** Every call ends in time, because some are made while others wait for a lock. */
function bounded(transport: Transport, limitMs: number): Transport {
  return {
    unary: (method, signal, timeoutMs, ...rest) => transport.unary(method, signal, timeoutMs ?? limitMs, ...rest),
    stream: (method, signal, timeoutMs, ...rest) => transport.stream(method, signal, timeoutMs ?? limitMs, ...rest),
  };
}

/** What masterdata answers. Throws 500 that says what to do when it does not. */
async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ConnectError && AWAY.includes(error.code))
      throw internal(
        `masterdata-api does not answer, so project and quotas cannot be checked; nothing was changed, try again later (${error.rawMessage})`,
      );
    throw error;
  }
}

const AWAY: readonly Code[] = [Code.Unavailable, Code.DeadlineExceeded];

function quotasOf(quotas: masterdata.QuotaSet | undefined): Quotas {
  const [machines, ips] = [upperBound(quotas?.machine), upperBound(quotas?.ip)];
  return { ...(machines === undefined ? {} : { machines }), ...(ips === undefined ? {} : { ips }) };
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
