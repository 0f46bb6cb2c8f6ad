// Between REST and masterdata's messages; in REST every empty field is left out.
import { clone, create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Meta, QuotaSet, TenantResponse } from "@metal-stack/api-schema";
import { masterdata } from "@metal-stack/protocol";
import { upperBound } from "../masterdata.ts";

export function metaMessage(meta: Meta | undefined): MessageInitShape<typeof masterdata.MetaSchema> {
  return {
    id: meta?.id ?? "",
    kind: meta?.kind ?? "",
    apiversion: meta?.apiversion ?? "",
    version: BigInt(meta?.version ?? 0),
    annotations: meta?.annotations ?? {},
    labels: meta?.labels ?? [],
    ...(meta?.created_time === undefined ? {} : { createdTime: timestampFromDate(new Date(meta.created_time)) }),
    ...(meta?.updated_time === undefined ? {} : { updatedTime: timestampFromDate(new Date(meta.updated_time)) }),
  };
}

export function metaResponse(meta: masterdata.Meta | undefined): Meta {
  if (!meta) return {};
  return withoutEmpty({
    id: meta.id,
    kind: meta.kind,
    apiversion: meta.apiversion,
    version: Number(meta.version),
    created_time: meta.createdTime && timestampDate(meta.createdTime).toISOString(),
    updated_time: meta.updatedTime && timestampDate(meta.updatedTime).toISOString(),
    annotations: meta.annotations,
    labels: meta.labels,
  });
}

const QUOTAS = ["cluster", "machine", "ip", "project"] as const;

export function quotaSetMessage(quotas: QuotaSet | undefined): MessageInitShape<typeof masterdata.QuotaSetSchema> {
  return Object.fromEntries(
    QUOTAS.flatMap((name) => (quotas?.[name]?.quota === undefined ? [] : [[name, { max: quotas[name].quota }]])),
  );
}

export function quotaSetResponse(quotas: masterdata.QuotaSet | undefined): QuotaSet {
  return Object.fromEntries(
    QUOTAS.flatMap((name) => {
      const bound = upperBound(quotas?.[name]);
      return bound === undefined ? [] : [[name, { quota: bound }]];
    }),
  );
}

/** @param stored what REST does not model of the identity management stays as it was */
export function tenantMessage(tenant: TenantResponse, stored?: masterdata.Tenant): masterdata.Tenant {
  const message = create(masterdata.TenantSchema, {
    meta: metaMessage(tenant.meta),
    name: tenant.name ?? "",
    description: tenant.description ?? "",
    // Absent is not the same as empty, here and in projects: new projects get a tenant's defaults.
    ...(tenant.default_quotas && { defaultQuotas: quotaSetMessage(tenant.default_quotas) }),
    ...(tenant.quotas && { quotas: quotaSetMessage(tenant.quotas) }),
  });
  if (tenant.iam_config) message.iamConfig = iamConfigMessage(tenant.iam_config, stored?.iamConfig);
  return message;
}

function iamConfigMessage(
  { issuer_config: issuer, idm_config: idm }: NonNullable<TenantResponse["iam_config"]>,
  stored: masterdata.IAMConfig | undefined,
): masterdata.IAMConfig {
  const message = stored ? clone(masterdata.IAMConfigSchema, stored) : create(masterdata.IAMConfigSchema);
  if (issuer) {
    message.issuerConfig = create(masterdata.IssuerConfigSchema, {
      url: issuer.url ?? "",
      clientId: issuer.client_id ?? "",
    });
  }
  if (idm) {
    message.idmConfig ??= create(masterdata.IDMConfigSchema);
    message.idmConfig.idmType = idm.idm_type ?? "";
  }
  return message;
}

export function tenantResponse(tenant: masterdata.Tenant | undefined): TenantResponse {
  if (!tenant) return {};
  const { issuerConfig: issuer, idmConfig: idm } = tenant.iamConfig ?? {};
  return withoutEmpty({
    meta: metaResponse(tenant.meta),
    name: tenant.name,
    description: tenant.description,
    default_quotas: quotaSetResponse(tenant.defaultQuotas),
    quotas: quotaSetResponse(tenant.quotas),
    iam_config: withoutEmpty({
      issuer_config: issuer && withoutEmpty({ url: issuer.url, client_id: issuer.clientId }),
      idm_config: idm && withoutEmpty({ idm_type: idm.idmType }),
    }),
  });
}

/** An object without its fields that are undefined, zero, or empty texts, lists or objects. */
export function withoutEmpty<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  const kept = Object.entries(value).filter(([, field]) =>
    typeof field === "object" && field !== null ? Object.keys(field).length > 0 : Boolean(field),
  );
  return Object.fromEntries(kept) as T;
}
