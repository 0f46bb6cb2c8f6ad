// The resources of the REST API: one schema each for validation, types, document and clients.
export * from "./base.ts";
export * from "./partition.ts";
