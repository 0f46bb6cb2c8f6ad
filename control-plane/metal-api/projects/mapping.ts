import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ProjectResponse } from "@metal-stack/api-schema";
import type { masterdata } from "@metal-stack/protocol";
import { metaMessage, metaResponse, quotaSetMessage, quotaSetResponse, withoutEmpty } from "../tenants/mapping.ts";

export function projectMessage(project: ProjectResponse): MessageInitShape<typeof masterdata.ProjectSchema> {
  return {
    meta: metaMessage(project.meta),
    name: project.name ?? "",
    description: project.description ?? "",
    tenantId: project.tenant_id ?? "",
    // Absent is not the same as empty: a new project without quotas gets its tenant's defaults.
    ...(project.quotas === undefined ? {} : { quotas: quotaSetMessage(project.quotas) }),
  };
}

export function projectResponse(project: masterdata.Project | undefined): ProjectResponse {
  if (!project) return {};
  return withoutEmpty({
    meta: metaResponse(project.meta),
    name: project.name,
    description: project.description,
    tenant_id: project.tenantId,
    quotas: quotaSetResponse(project.quotas),
  });
}
