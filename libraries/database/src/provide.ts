import { type EmbeddedOptions, EmbeddedPostgres } from "./embedded/server.ts";

/** A database to use until `stop()`. */
export interface ProvidedDatabase {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The database that the settings name: somebody's by URL, else one in an embedded server.
 * Throws when they name none, saying what to set.
 */
export async function provideDatabase(settings: {
  readonly url: string | undefined;
  readonly directory: string | undefined;
  /** Name of the database in the embedded server. */
  readonly database: string;
  readonly log: NonNullable<EmbeddedOptions["log"]>;
}): Promise<ProvidedDatabase> {
  const { url, directory, database, log } = settings;
  if (url !== undefined) return { url, stop: async () => undefined };
  if (directory === undefined) {
    throw new Error("no database: set …DATABASE_URL to one, or …EMBEDDED_POSTGRES_DIR to a folder for one of our own");
  }
  return EmbeddedPostgres.start({ directory, database, log });
}
