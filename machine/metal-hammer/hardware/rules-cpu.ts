export interface Socket {
  readonly vendor: string;
  readonly model: string;
  readonly cores: number;
  readonly threads: number;
}

/** One entry per socket, from /proc/cpuinfo (x86 writes one block a thread). */
export function parseCpuInfo(cpuinfo: string): Socket[] {
  const sockets = new Map<string, { vendor: string; model: string; cores: Set<string>; threads: number }>();
  for (const block of cpuinfo.split(/\n\s*\n/)) {
    const fields = new Map(
      block.split("\n").map((line) => [line.split(":", 1)[0]!.trim(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    const processor = fields.get("processor");
    if (processor === undefined) continue;
    // A virtual machine may not tell of sockets and cores: then each thread is a core of socket 0.
    const id = fields.get("physical id") ?? "0";
    const socket = sockets.get(id) ?? {
      vendor: fields.get("vendor_id") ?? "",
      model: fields.get("model name") ?? "",
      cores: new Set<string>(),
      threads: 0,
    };
    socket.cores.add(fields.get("core id") ?? processor);
    socket.threads += 1;
    sockets.set(id, socket);
  }
  return [...sockets.values()].map((socket) => ({ ...socket, cores: socket.cores.size }));
}
