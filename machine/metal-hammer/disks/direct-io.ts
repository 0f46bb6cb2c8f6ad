// Reading and writing a disk past the page cache (O_DIRECT): what is read comes from the disk, not from memory.
import { constants, type PathLike } from "node:fs";
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
  return open(device, constants.O_WRONLY | constants.O_DIRECT | constants.O_EXCL);
}

/** Fills `target` from `position` (bytes; both multiples of the sector size). */
export async function readFully(device: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await device.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw new Error(`the disk ended at byte ${position + done}`);
    done += bytesRead;
  }
}

/** Writes all of `source` at `position` (bytes; both multiples of the sector size). */
export async function writeFully(device: FileHandle, source: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < source.length;) {
    const { bytesWritten } = await device.write(source, done, source.length - done, position + done);
    if (bytesWritten === 0) throw new Error(`the disk took nothing more at byte ${position + done}`);
    done += bytesWritten;
  }
}
