// Keeps leases in a file through restarts and crashes.
import { mkdir, open, readFile, rename, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { formatLease, parseLeases } from "./isc.ts";
import type { Lease, LeaseTable } from "./rules.ts";

const HEADER = "# Leases in the format of dhcpd.leases(5), times in UTC. Written by the DHCP server: do not edit.\n";
/** After so many declarations the log is written anew, one declaration a lease. */
const REWRITE_AFTER = 1_000;

/** An append-only log of leases. Writes are in order; each is on disk when its promise resolves. */
export class LeaseFile {
  readonly #path: string;
  readonly #table: LeaseTable;
  readonly #rewriteAfter: number;
  #handle: FileHandle | undefined;
  #appended = 0;
  #queue: Promise<void> = Promise.resolve();

  private constructor(path: string, table: LeaseTable, rewriteAfter: number) {
    this.#path = path;
    this.#table = table;
    this.#rewriteAfter = rewriteAfter;
  }

  /**
   * Restores the table from the file (created with its folder when missing) and writes it anew without outdated declarations.
   * Throws what the file system throws.
   */
  static async open(path: string, table: LeaseTable, rewriteAfter = REWRITE_AFTER): Promise<LeaseFile> {
    await mkdir(dirname(path), { recursive: true });
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    table.restore(parseLeases(text));
    const file = new LeaseFile(path, table, rewriteAfter);
    await file.#rewrite();
    return file;
  }

  /** Adds a lease to the log. Rejects with what the file system says (disk full); a later call tries anew. */
  save(lease: Lease): Promise<void> {
    const done = this.#queue.then(() => this.#append(lease));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    await this.#queue;
    await this.#handle?.close();
    this.#handle = undefined;
  }

  async #append(lease: Lease): Promise<void> {
    if (!this.#handle) throw new Error(`${this.#path} is closed`);
    await this.#handle.appendFile(formatLease(lease));
    await this.#handle.datasync();
    this.#appended += 1;
    if (this.#appended >= this.#rewriteAfter) await this.#rewrite();
  }

  /** Through a second file and a rename, so that a crash leaves either the old log or the new one. */
  async #rewrite(): Promise<void> {
    const next = await open(`${this.#path}.new`, "w", 0o644);
    try {
      await next.appendFile(HEADER);
      for (const lease of this.#table.all()) {
        if (lease.state !== "offered") await next.appendFile(formatLease(lease));
      }
      await next.datasync();
      await rename(`${this.#path}.new`, this.#path);
    } catch (error) {
      await next.close();
      throw error;
    }
    await this.#handle?.close();
    this.#handle = next;
    this.#appended = 0;
  }
}
