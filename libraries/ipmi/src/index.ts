// IPMI v2.0 over LAN, both ends of it; see README.md.
export * from "./boot-flags.ts";
export type { CipherSuiteId } from "./cipher-suites.ts";
export { CompletionCode } from "./completion-codes.ts";
export { Channel, Command, IPMI_PORT, MAX_USERS, NetFn, Privilege } from "./constants.ts";
export * from "./errors.ts";
export * from "./fru.ts";
export * from "./guid.ts";
export type { IpmiRequest, IpmiResponse } from "./message.ts";
export * from "./qemu-extern.ts";

export * from "./client/commands.ts";
export * from "./client/fru.ts";
export type { Patience } from "./client/peer.ts";
export * from "./client/session.ts";
export * from "./client/sol.ts";
export * from "./client/users.ts";

export type { Chassis, PowerAction } from "./controller/chassis-commands.ts";
export * from "./controller/controller.ts";
export type { DeviceIdentity } from "./controller/device-commands.ts";
export type { LanIdentity } from "./controller/lan-commands.ts";
export type { SolConsole } from "./controller/sol.ts";
export type { UserAccount } from "./controller/users.ts";
export * from "./server/lan-server.ts";
