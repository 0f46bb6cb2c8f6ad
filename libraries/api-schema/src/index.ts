// The resources of the REST API: one schema each for validation, types, document and clients.
export * from "./base.ts";
export * from "./partition.ts";
export * from "./ip.ts";
export * from "./network.ts";
export * from "./size.ts";
export * from "./image.ts";
export * from "./filesystem-layout.ts";
export * from "./service.ts";
export * from "./machine-hardware.ts";
export * from "./machine-bmc.ts";
export * from "./machine-allocation.ts";
export * from "./machine-query.ts";
export * from "./machine.ts";
export * from "./machine-inspection.ts";
export * from "./masterdata.ts";
export * from "./switch.ts";
