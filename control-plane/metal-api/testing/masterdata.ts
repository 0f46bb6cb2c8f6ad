// Masterdata in memory, for tests of metal-api alone. The real one is beside it in control-plane/main.test.ts.
import { clone, create } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { masterdata } from "@metal-stack/protocol";
import { createMasterdata, type Masterdata } from "../masterdata.ts";

export interface FakeMasterdata extends Masterdata {
  /** Changes it behind metal-api's back, as another client of masterdata does. */
  setProject(id: string, tenantId: string, quotas?: Bounds): void;
  setTenant(id: string, quotas?: Bounds): void;
  /** From now on the member has this role, and no other, in a project or in all projects of a tenant. */
  setMember(memberId: string, of: { readonly project: string } | { readonly tenant: string }, role: string): void;
  /** Every call waits for it. */
  pause: Promise<unknown> | undefined;
}

type Bounds = Partial<Record<"machine" | "ip" | "cluster", number>>;

const quotaSet = (bounds: Bounds = {}) =>
  create(masterdata.QuotaSetSchema, Object.fromEntries(Object.entries(bounds).map(([what, max]) => [what, { max }])));

/** @param timeoutMs for every call */
export function fakeMasterdata(timeoutMs?: number): FakeMasterdata {
  const projects = new Map<string, masterdata.Project>();
  const tenants = new Map<string, masterdata.Tenant>();
  const members = new Map<string, { id: string; project?: string; tenant?: string; role: string }>();
  const found = async <T>(entities: Map<string, T>, id: string): Promise<T> => {
    await fake.pause;
    const entity = entities.get(id);
    if (!entity) throw new ConnectError(`${id} not found`, Code.NotFound);
    return entity;
  };
  const transport = createRouterTransport((router) => {
    router.service(masterdata.ProjectService, {
      get: async ({ id }) => ({ project: await found(projects, id) }),
      find: ({ tenantId }) => ({
        projects: [...projects.values()].filter((project) => !tenantId || project.tenantId === tenantId),
      }),
      async update({ project }) {
        const id = project?.meta?.id ?? "";
        await found(projects, id);
        projects.set(id, clone(masterdata.ProjectSchema, project!));
        return { project: projects.get(id)! };
      },
      async delete({ id }) {
        const project = await found(projects, id);
        projects.delete(id);
        return { project };
      },
    });
    router.service(masterdata.TenantService, {
      get: async ({ id }) => ({ tenant: await found(tenants, id) }),
      async findParticipatingProjects({ tenantId: memberId }) {
        await fake.pause;
        const own = [...members.values()].filter(({ id }) => id === memberId);
        return {
          projects: [...projects.values()].flatMap((project) => {
            const direct = own.find((member) => member.project === project.meta!.id);
            const inherited = own.find((member) => member.tenant === project.tenantId);
            if (!direct && !inherited) return [];
            return {
              project,
              projectAnnotations: direct ? { "metal-stack.io/project-role": `PROJECT_ROLE_${direct.role}` } : {},
              tenantAnnotations: inherited ? { "metal-stack.io/tenant-role": `TENANT_ROLE_${inherited.role}` } : {},
            };
          }),
        };
      },
    });
  });
  const fake: FakeMasterdata = {
    ...createMasterdata(transport, timeoutMs),
    pause: undefined,
    setMember: (id, of, role) => void members.set(JSON.stringify([id, of]), { id, ...of, role }),
    setProject: (id, tenantId, quotas) =>
      void projects.set(id, create(masterdata.ProjectSchema, { meta: { id }, tenantId, quotas: quotaSet(quotas) })),
    setTenant: (id, quotas) =>
      void tenants.set(id, create(masterdata.TenantSchema, { meta: { id }, quotas: quotaSet(quotas) })),
  };
  return fake;
}
