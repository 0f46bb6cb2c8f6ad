export * from "./gen/api/v1/boot_pb.ts";
export * from "./gen/api/v1/event_pb.ts";
export * as agent from "./agent.ts";
export * as masterdata from "./masterdata.ts";
export * as ipam from "./gen/api/v1/ipam_pb.ts";
export * as health from "./gen/grpc/health/v1/health_pb.ts";
export * as reflection from "./reflection.ts";
