export * from "./gen/api/v1/boot_pb.ts";
export * from "./gen/api/v1/event_pb.ts";
export * as agent from "./agent.ts";
