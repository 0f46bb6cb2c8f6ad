// PostgreSQL's settings for a small control plane: little memory, no network, no loss.

export interface ServerOptions {
  readonly major: number;
  readonly socketDirectory: string;
  /** False only for tests: nothing is synced to disk. */
  readonly durable: boolean;
}

/** Arguments for `postgres`. https://www.postgresql.org/docs/current/runtime-config.html */
export function serverSettings({ major, socketDirectory, durable }: ServerOptions): string[] {
  const settings: Record<string, string | number> = {
    listen_addresses: "",
    unix_socket_directories: socketDirectory,
    unix_socket_permissions: "0700",
    // Tests of many files at once share one server.
    max_connections: durable ? 100 : 300,
    // Taken from the system only as the data grows.
    shared_buffers: durable ? "128MB" : "32MB",
    max_wal_size: "256MB",
    min_wal_size: "32MB",
    jit: "off",
    max_worker_processes: 2,
    max_parallel_workers: 0,
    max_parallel_workers_per_gather: 0,
    autovacuum_max_workers: 1,
    max_wal_senders: 0,
    wal_level: "minimal",
    log_checkpoints: "off",
    log_timezone: "UTC",
    timezone: "UTC",
    // PostgreSQL 18 starts three processes for reading otherwise.
    ...(major >= 18 ? { io_method: "sync" } : {}),
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
