// Our own services towards agents, as one namespace: some message names (Image, Network, Partition) are common words.
export * from "./gen/agent/v1/identity_pb.ts";
export * from "./gen/agent/v1/boot_plan_pb.ts";
export * from "./gen/agent/v1/hammer_pb.ts";
export * from "./gen/agent/v1/bmc_pb.ts";
export * from "./gen/agent/v1/switch_pb.ts";
