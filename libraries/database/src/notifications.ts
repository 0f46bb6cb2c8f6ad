// "Something changed": LISTEN/NOTIFY. A message says only what to read again, so losing or repeating one does no harm.
import { setTimeout as sleep } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import { Client } from "pg";
import { connectionConfig } from "./open.ts";

const CHANNEL = "metal";
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
/** The connection only listens, so a dead peer would go unnoticed; this query finds out. */
const PROBE_INTERVAL_MS = 15_000;
const PROBE_TIMEOUT_MS = 5_000;

/** What a listener gets after a reconnect: any id may have changed meanwhile. */
export const EVERYTHING = "*";

export type Listener = (id: string) => void;

/**
 * Announces a change. Call it inside the transaction that changes: it is delivered at commit, or never.
 * @param id at most a few hundred bytes (PostgreSQL allows 8000)
 */
export async function notify<Schema>(tx: Kysely<Schema>, topic: string, id: string): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, ${`${topic}:${id}`})`.execute(tx);
}

/**
 * Receives what {@link notify} sends, on one connection for the whole process. The connection is made at once and made
 * again for ever; after a reconnect every listener is called with {@link EVERYTHING}. A listener must not throw.
 */
export class Notifications {
  readonly #url: string;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly #first = Promise.withResolvers<void>();
  #client: Client | undefined;

  constructor(url: string, onError: (error: unknown) => void = () => undefined) {
    this.#url = url;
    this.#onError = onError;
    this.#ended = this.#run();
  }

  /** Resolves when the first connection listens; what is announced from then on is received. */
  ready(): Promise<void> {
    return this.#first.promise;
  }

  /** Calls `listener` for every change of the topic, until the returned function is called. */
  subscribe(topic: string, listener: Listener): () => void {
    let listeners = this.#listeners.get(topic);
    if (!listeners) this.#listeners.set(topic, (listeners = new Set()));
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#client?.end().catch(() => undefined);
    await this.#ended;
  }

  async #run(): Promise<void> {
    let wait = FIRST_RETRY_MS;
    for (let connections = 0; !this.#stop.signal.aborted;) {
      try {
        await this.#listenOnce(() => {
          wait = FIRST_RETRY_MS;
          if (connections++ > 0) this.#everythingMayHaveChanged();
          this.#first.resolve();
        });
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        this.#onError(error);
      }
      await sleep(wait, undefined, { signal: this.#stop.signal }).catch(() => undefined);
      wait = Math.min(wait * 2, MAX_RETRY_MS);
    }
    this.#first.resolve();
  }

  /** Returns or throws when the connection is gone. */
  async #listenOnce(onListening: () => void): Promise<void> {
    const client = new Client({
      ...connectionConfig(this.#url),
      connectionTimeoutMillis: PROBE_TIMEOUT_MS,
      query_timeout: PROBE_TIMEOUT_MS,
      keepAlive: true,
    });
    const gone = Promise.withResolvers<void>();
    client.on("error", (error) => gone.reject(error));
    client.on("end", () => gone.reject(new Error("PostgreSQL closed the connection that listens for changes")));
    client.on("notification", ({ payload }) => this.#deliver(payload ?? ""));
    gone.promise.catch(() => undefined);
    this.#client = client;
    const probe = setInterval(() => void client.query("select").catch(gone.reject), PROBE_INTERVAL_MS);
    try {
      // A client that is ended while it connects never settles that.
      await Promise.race([client.connect(), gone.promise]);
      await client.query(`listen ${CHANNEL}`);
      if (this.#stop.signal.aborted) return;
      onListening();
      await gone.promise;
    } finally {
      clearInterval(probe);
      client.end().catch(() => undefined);
    }
  }

  #deliver(payload: string): void {
    const colon = payload.indexOf(":");
    const id = payload.slice(colon + 1);
    for (const listener of this.#listeners.get(payload.slice(0, colon)) ?? []) listener(id);
  }

  #everythingMayHaveChanged(): void {
    for (const listener of [...this.#listeners.values()].flatMap((listeners) => [...listeners])) listener(EVERYTHING);
  }
}
