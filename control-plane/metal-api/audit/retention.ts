// Forgets entries of the audit trail that are older than METAL_API_AUDITING_RETENTION_DAYS.
import type { Context } from "../context.ts";
import { forgetAudit } from "./store.ts";

const DAY_MS = 24 * 3_600_000;
const EVERY_MS = 3_600_000;

/** @returns what ends it */
export function keepAuditTrailShort({ db, log, config, clock }: Context): () => void {
  if (config.auditRetentionDays === 0) return () => undefined;
  const forget = () =>
    forgetAudit(db, new Date(clock().getTime() - config.auditRetentionDays * DAY_MS)).then(
      (entries) => entries > 0 && log.info({ entries }, "forgot old entries of the audit trail"),
      (err: unknown) =>
        log.warn({ err }, "old entries of the audit trail could not be deleted, trying again in an hour"),
    );
  const timer = setInterval(() => void forget(), EVERY_MS);
  void forget();
  return () => clearInterval(timer);
}
