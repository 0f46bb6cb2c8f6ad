// What every process of ours needs to be a good citizen: settings, logs, identity, transport, retries, a clean end.
export * from "./call-metrics.ts";
export * from "./configuration.ts";
export * from "./identity.ts";
export * from "./logger.ts";
export * from "./main.ts";
export * from "./password.ts";
export * from "./retry.ts";
export * from "./secret.ts";
export * from "./signing-request.ts";
export * from "./transport.ts";
