// The client of metal-stack's REST v1 API, for Node and browsers. See README.md.
export { type Client, type ClientOptions, createClient, type MachineWaits, type Requests } from "./client.ts";
export { type Credentials, type HmacKey, hmacHeaders } from "./credentials.ts";
export { LoginError, MetalError, NetworkError, TimeoutError } from "./errors.ts";
export type { OidcLogin, OidcProgram, OidcTokenSet, TokenSource } from "./oidc.ts";
export type { CallOptions, RequestOptions } from "./request.ts";
export type { Fetch, FetchAnswer, FetchInit } from "./transport.ts";
export type { AwaitedStates, WaitOptions } from "./wait.ts";
export * from "./machine-states.ts";
export type * from "./gen/types.ts";
