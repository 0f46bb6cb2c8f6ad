// Unpacks an image archive. Decompressed to a file first and then read by tar: two programs that each run alone are
// faster on one CPU than two that wake each other through a pipe (docs/install.md).
import { open, rm } from "node:fs/promises";
import { run } from "../command.ts";

interface Compression {
  readonly magic: readonly number[];
  /** Decompresses `from` into `to`. */
  readonly command: (from: string, to: string) => readonly [string, ...string[]];
}

/** By the first bytes, whatever the URL ends in (RFC 8878, LZ4 frame format, RFC 1952). */
const COMPRESSIONS: readonly Compression[] = [
  {
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    command: (from, to) => ["zstd", "-d", "-q", "-f", "--no-check", "--no-sparse", from, "-o", to],
  },
  { magic: [0x04, 0x22, 0x4d, 0x18], command: (from, to) => ["lz4", "-d", "-q", "-f", from, to] },
  { magic: [0x1f, 0x8b], command: (from, to) => ["sh", "-c", 'gzip -dc "$0" > "$1"', from, to] },
];

/** "ustar" stands here in a tar header (POSIX.1-1988). */
const TAR_MAGIC_OFFSET = 257;

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Unpacks `archive` (tar; plain, or packed by zstd, lz4 or gzip) into `folder`, and removes the archive. */
export async function unpack(archive: string, folder: string, signal: AbortSignal): Promise<void> {
  const start = await firstBytes(archive);
  const compression = COMPRESSIONS.find(({ magic }) => magic.every((byte, index) => start[index] === byte));
  let tar = archive;
  if (compression !== undefined) {
    tar = `${archive}.tar`;
    const [command, ...args] = compression.command(archive, tar);
    await run(command, args, { signal, timeoutMs: UNPACK_TIME_LIMIT_MS });
    await rm(archive);
  } else if (start.toString("latin1", TAR_MAGIC_OFFSET, TAR_MAGIC_OFFSET + 5) !== "ustar")
    throw new Error(
      `the image is no tar archive, plain or packed by zstd, lz4 or gzip: it begins with ${start.toString("hex", 0, 8)}`,
    );
  // Without --absolute-names tar strips leading slashes and refuses "..". 512 × 512 bytes at a time instead of 20.
  const options = ["--numeric-owner", "--same-permissions", "--xattrs", "--xattrs-include=*", "--blocking-factor=512"];
  await run("tar", ["--extract", ...options, `--directory=${folder}`, `--file=${tar}`], {
    signal,
    timeoutMs: UNPACK_TIME_LIMIT_MS,
  });
  await rm(tar);
}

const UNPACK_TIME_LIMIT_MS = 3_600_000;
