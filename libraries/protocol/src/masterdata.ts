// The original's masterdata services, as one namespace: Project and Tenant are common words.
export * from "./gen/v1/meta_pb.ts";
export * from "./gen/v1/project_pb.ts";
export * from "./gen/v1/tenant_pb.ts";
export * from "./gen/v1/member_pb.ts";
export * from "./gen/v1/version_pb.ts";
