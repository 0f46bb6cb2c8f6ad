// Reading and writing a disk past the page cache (O_DIRECT): what is read comes from the disk, not from memory.
import { constants, read, type PathLike } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const WASM_PAGE = 65_536;

/** The one thing used of WebAssembly; its types come with the browser's library, which a server does not load. */
const { Memory } = (
  globalThis as unknown as {
    WebAssembly: { Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer } };
  }
).WebAssembly;

/**
 * Memory that O_DIRECT accepts: it must start on a multiple of the disk's sector. JavaScript cannot ask where a buffer
 * lies, but a WebAssembly memory always starts on a page.
 */
export function alignedBuffer(bytes: number): Uint8Array<ArrayBuffer> {
  const pages = Math.ceil(bytes / WASM_PAGE);
  return new Uint8Array(new Memory({ initial: pages, maximum: pages }).buffer, 0, bytes);
}

export async function openForReading(device: PathLike): Promise<FileHandle> {
  return open(device, constants.O_RDONLY | constants.O_DIRECT);
}

/** For this process alone: fails with EBUSY while the disk is mounted, or part of an array or a volume group. */
export async function openForWriting(device: PathLike): Promise<FileHandle> {
  return open(device, constants.O_RDWR | constants.O_DIRECT | constants.O_EXCL);
}

/** An error of the disk itself, with the place: what a person needs to judge it. */
export class DiskError extends Error {
  override readonly name = "DiskError";
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/**
 * Fills `target` from `position` (bytes; both multiples of the sector size).
 * @throws {DiskError}
 */
export async function readFully(device: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length;) {
    const at = position + done;
    const bytes = await readOnce(device, target, done, at);
    if (bytes === 0) throw new DiskError(`the disk ends at byte ${at}, though it says that it is bigger`);
    done += bytes;
  }
}

/** By callback: half the cost of FileHandle.read, which shows in ten thousand reads of a sector. */
async function readOnce(device: FileHandle, target: Uint8Array, offset: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(device.fd, target, offset, target.length - offset, position, (error, bytes) => {
      if (error) reject(new DiskError(`the disk fails to read at byte ${position}: ${codeOf(error)}`));
      else resolve(bytes);
    });
  });
}

/**
 * Writes all of `source` at `position` (bytes; both multiples of the sector size).
 * @throws {DiskError}
 */
export async function writeFully(device: FileHandle, source: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < source.length;) {
    const at = position + done;
    const { bytesWritten } = await device
      .write(source, done, source.length - done, at)
      .catch((error: unknown): never => {
        throw new DiskError(`the disk fails to write at byte ${at}: ${codeOf(error)}`);
      });
    if (bytesWritten === 0) throw new DiskError(`the disk takes nothing more at byte ${at}`);
    done += bytesWritten;
  }
}

/**
 * Has the disk empty its cache, so that what is read afterwards is what it keeps.
 * @throws {DiskError}
 */
export async function flush(device: FileHandle): Promise<void> {
  await device.sync().catch((error: unknown): never => {
    throw new DiskError(`the disk fails to flush its cache: ${codeOf(error)}`);
  });
}
