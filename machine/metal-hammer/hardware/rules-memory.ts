/** /proc/meminfo's MemTotal in bytes: what the kernel manages, less than what is built in. Zero when unreadable. */
export function parseMemTotal(meminfo: string): number {
  return Number(/^MemTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;
}

/**
 * Built-in memory in bytes: the kernel's memory blocks that are online.
 * @param blockSize content of /sys/devices/system/memory/block_size_bytes, hexadecimal without 0x
 * @param states content of /sys/devices/system/memory/memory<n>/state, one per block
 */
export function memoryFromBlocks(blockSize: string, states: readonly string[]): number {
  return Number.parseInt(blockSize, 16) * states.filter((state) => state.trim() === "online").length || 0;
}
