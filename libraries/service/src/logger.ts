import { pino } from "pino";

export type { Logger } from "pino";

/**
 * A structured logger: one JSON object a line on standard output.
 * `LOG_LEVEL` (trace, debug, info, warn, error) sets what is written; info when unset or unknown.
 */
export function createLogger(service: string) {
  const level = process.env["LOG_LEVEL"] ?? "info";
  return pino({
    level: ["trace", "debug", "info", "warn", "error", "silent"].includes(level) ? level : "info",
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
