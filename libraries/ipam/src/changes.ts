// What clients want changed, checked and ready to be sent, alone or with others in one statement.
import { type RawBuilder, sql } from "kysely";
import type { Database } from "./database.ts";

export interface Change {
  readonly kind: "acquire" | "release" | "child" | "create";
  readonly namespace: string;
  /** Canonical: the prefix that is locked. */
  readonly cidr: string;
  /** Canonical: this very address or child; null: the best one. */
  readonly wanted: string | null;
  /** Length of the child. */
  readonly bits: number | null;
  /** What the caller gets, or throws why not. */
  answer(outcome: Outcome, db: Database): string | Promise<string>;
}

/** A row of `ipam.change_many` and `ipam.acquire_many`. */
export interface Outcome {
  readonly result: string | null;
  readonly refusal: string | null;
  readonly detail: string | null;
}

/** What clients want most has statements that do it for all of them at once. */
const AT_ONCE: Readonly<Record<Change["kind"], ((changes: readonly Change[]) => RawBuilder<Outcome>) | undefined>> = {
  acquire: (changes) => sql<Outcome>`
    select result, refusal, detail from ipam.acquire_many(${namespacesOf(changes)}::text[], ${cidrsOf(changes)}::cidr[])`,
  child: (changes) => sql<Outcome>`
    select result, refusal, detail from ipam.acquire_children(
      ${namespacesOf(changes)}::text[], ${cidrsOf(changes)}::cidr[], ${changes.map((change) => change.bits)}::int[])`,
  create: (changes) => sql<Outcome>`
    select result, refusal, detail from ipam.create_many(${namespacesOf(changes)}::text[], ${cidrsOf(changes)}::cidr[])`,
  release: undefined,
};

/**
 * Makes several changes in one statement, in this order of those that concern the same prefix; a refused one does not
 * hinder the others.
 */
export async function changeMany(db: Database, changes: readonly Change[]): Promise<Outcome[]> {
  const kind = changes[0]?.kind ?? "release";
  const alike = changes.length > 1 && changes.every((change) => change.kind === kind && change.wanted === null);
  const { rows } = await ((alike && AT_ONCE[kind]) || changeInTurn)(changes).execute(db);
  return rows;
}

function changeInTurn(changes: readonly Change[]): RawBuilder<Outcome> {
  return sql<Outcome>`
    select result, refusal, detail from ipam.change_many(
      ${changes.map((change) => change.kind)}::text[], ${namespacesOf(changes)}::text[],
      ${cidrsOf(changes)}::cidr[], ${changes.map((change) => change.wanted)}::inet[],
      ${changes.map((change) => change.bits)}::int[])`;
}

function namespacesOf(changes: readonly Change[]): string[] {
  return changes.map((change) => change.namespace);
}

function cidrsOf(changes: readonly Change[]): string[] {
  return changes.map((change) => change.cidr);
}

export async function makeChange(db: Database, change: Change): Promise<string> {
  const [outcome] = await changeMany(db, [change]);
  return change.answer(outcome!, db);
}
