// What a disk's bytes are kept on, and what it makes of orders: the raw file, and the ways in which disks betray it.
import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** Wire numbers of the NBD protocol, which are Linux's. */
const ERRNO = { EIO: 5, EINVAL: 22 } as const;

/** The disk refuses an order; without an error number it is gone altogether. */
export class MediumError extends Error {
  readonly errno: number | undefined;

  constructor(code?: keyof typeof ERRNO) {
    super(code ?? "the disk is gone");
    this.errno = code && ERRNO[code];
  }
}

/** Two orders by which a disk clears a range itself: discard, and writing zeros. */
export type Clearing = "trim" | "zero";

/** Offsets and lengths in bytes, multiples of a sector. */
export interface Medium {
  readonly size: number;
  read(offset: number, length: number): Promise<Buffer>;
  write(offset: number, data: Uint8Array): Promise<void>;
  clear(how: Clearing, offset: number, length: number): Promise<void>;
  flush(): Promise<void>;
}

/** A way to change a medium's behaviour. */
export type Fault = (medium: Medium) => Medium;

const SECTOR = 512;

/** A fraction of the disk as a byte offset. */
const place = ({ size }: Medium, fraction: number): number => Math.floor((fraction * size) / SECTOR) * SECTOR;

/** Does as told: what is written is in the file, what is cleared reads as zeros. */
export function honest(file: string, size: number): Medium & Disposable {
  const descriptor = openSync(file, "r+");
  const write = async (offset: number, data: Uint8Array) => void writeSync(descriptor, data, 0, data.length, offset);
  return {
    size,
    read: async (offset, length) => {
      const content = Buffer.alloc(length);
      readSync(descriptor, content, 0, length, offset);
      return content;
    },
    write,
    clear: async (_, offset, length) => write(offset, Buffer.alloc(length)),
    flush: async () => undefined,
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

const changesClearing =
  (kinds: readonly Clearing[], clear: (medium: Medium) => Medium["clear"]): Fault =>
  (medium) => {
    const changed = clear(medium);
    return {
      ...medium,
      clear: async (how, offset, length) =>
        kinds.includes(how) ? changed(how, offset, length) : medium.clear(how, offset, length),
    };
  };

/** Acknowledges, and does nothing. */
export const ignores = (...kinds: readonly Clearing[]): Fault => changesClearing(kinds, () => async () => undefined);

export const refuses = (...kinds: readonly Clearing[]): Fault =>
  changesClearing(kinds, () => async () => {
    throw new MediumError("EIO");
  });

/** Shows zeros where it was told to clear, until it is told to flush its cache: then all is as it was. */
export const pretends =
  (...kinds: readonly Clearing[]): Fault =>
  (medium) => {
    let pretended: [from: number, to: number][] = [];
    const show = changesClearing(kinds, () => async (_, offset, length) => {
      pretended.push([offset, offset + length]);
    })(medium);
    return {
      ...show,
      read: async (offset, length) => {
        const content = await medium.read(offset, length);
        for (const [from, to] of pretended)
          if (from < offset + length && to > offset)
            content.fill(0, Math.max(0, from - offset), Math.min(length, to - offset));
        return content;
      },
      flush: async () => {
        pretended = [];
      },
    };
  };

/** Acknowledges all that is written or cleared between two fractions of the disk, and keeps what is there. */
export const keeps =
  (from: number, to: number): Fault =>
  (medium) => {
    const [start, end] = [place(medium, from), place(medium, to)];
    const write = async (offset: number, data: Uint8Array): Promise<void> => {
      const before = Math.max(0, Math.min(start - offset, data.length));
      const after = Math.max(0, Math.min(offset + data.length - end, data.length));
      if (before > 0) await medium.write(offset, data.subarray(0, before));
      if (after > 0) await medium.write(offset + data.length - after, data.subarray(data.length - after));
    };
    return { ...medium, write, clear: async (_, offset, length) => write(offset, Buffer.alloc(length)) };
  };

/** Keeps the very last sector. */
export const keepsTheEnd: Fault = (medium) => keeps(1 - SECTOR / medium.size, 1)(medium);

function failing(from: number, to: number): (medium: Medium, offset: number, length: number) => void {
  return (medium, offset, length) => {
    if (offset < place(medium, to) && offset + length > place(medium, from)) throw new MediumError("EIO");
  };
}

export const failsToWrite = (from: number, to: number): Fault => {
  const check = failing(from, to);
  return (medium) => ({
    ...medium,
    write: async (offset, data) => (check(medium, offset, data.length), medium.write(offset, data)),
    clear: async (how, offset, length) => (check(medium, offset, length), medium.clear(how, offset, length)),
  });
};

export const failsToRead = (from: number, to: number): Fault => {
  const check = failing(from, to);
  return (medium) => ({
    ...medium,
    read: async (offset, length) => (check(medium, offset, length), medium.read(offset, length)),
  });
};

/** Has only this fraction of the size it tells; what lies beyond is lost, and read as zeros. */
export const losesBeyond =
  (fraction: number): Fault =>
  (medium) => ({
    ...keeps(fraction, 1)(medium),
    read: async (offset, length) => {
      const content = await medium.read(offset, length);
      return content.fill(0, Math.max(0, Math.min(length, place(medium, fraction) - offset)));
    },
  });

/** Has only this fraction of the size it tells; what lies beyond lands at the beginning again. */
export const wrapsAround =
  (fraction: number): Fault =>
  (medium) => {
    const real = place(medium, fraction);
    const pieces = (offset: number, length: number): { at: number; done: number; part: number }[] => {
      const found = [];
      for (let done = 0; done < length;) {
        const at = (offset + done) % real;
        const part = Math.min(length - done, real - at);
        found.push({ at, done, part });
        done += part;
      }
      return found;
    };
    const write = async (offset: number, data: Uint8Array): Promise<void> => {
      for (const { at, done, part } of pieces(offset, data.length))
        await medium.write(at, data.subarray(done, done + part));
    };
    return {
      ...medium,
      read: async (offset, length) =>
        Buffer.concat(await Promise.all(pieces(offset, length).map(async ({ at, part }) => medium.read(at, part)))),
      write,
      clear: async (_, offset, length) => write(offset, Buffer.alloc(length)),
    };
  };

/** Calls `event` once, after this fraction of the disk was written or cleared, and only then acknowledges. */
export const whenErased =
  (fraction: number, event: () => Promise<void> | void): Fault =>
  (medium) => {
    let left = fraction * medium.size;
    const count = async (bytes: number): Promise<void> => {
      const before = left;
      left -= bytes;
      if (before > 0 && left <= 0) await event();
    };
    return {
      ...medium,
      write: async (offset, data) => {
        await medium.write(offset, data);
        await count(data.length);
      },
      clear: async (how, offset, length) => {
        await medium.clear(how, offset, length);
        await count(length);
      },
    };
  };

/** Breaks off after this fraction was erased, and answers nobody any more. */
export const dies =
  (fraction: number): Fault =>
  (medium) => {
    let dead = false;
    const alive = (): void => {
      if (dead) throw new MediumError();
    };
    const counted = whenErased(fraction, () => {
      dead = true;
      alive();
    })(medium);
    return {
      ...counted,
      read: async (offset, length) => (alive(), counted.read(offset, length)),
      write: async (offset, data) => (alive(), counted.write(offset, data)),
      clear: async (how, offset, length) => (alive(), counted.clear(how, offset, length)),
    };
  };

/** Never answers again after this fraction was erased. */
export const hangs = (fraction: number): Fault => whenErased(fraction, () => new Promise(() => undefined));
