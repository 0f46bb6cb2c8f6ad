// DHCPv4 for servers: packets, options, and who has which address for how long.
export * from "./address.ts";
export * from "./guid.ts";
export * from "./option-codes.ts";
export * from "./options.ts";
export * from "./packet.ts";
export * from "./values.ts";
export * from "./leases/isc.ts";
export * from "./leases/rules.ts";
export * from "./leases/store.ts";
