// The archive format of an initramfs: "new ASCII" cpio (kernel Documentation/driver-api/early-userspace/buffer-format.rst).
// Inode numbers, owners and times come from the entry's place in the list, not from a disk: same list, same bytes.

/** What one archive member is. Paths are relative to the root, without a leading slash. */
export type CpioEntry =
  | { readonly path: string; readonly kind: "directory"; readonly mode: number }
  | { readonly path: string; readonly kind: "file"; readonly mode: number; readonly content: Uint8Array }
  | { readonly path: string; readonly kind: "symlink"; readonly target: string }
  | {
      readonly path: string;
      readonly kind: "device";
      readonly mode: number;
      readonly device: readonly [number, number];
    };

const TYPE_BITS = { directory: 0o040000, file: 0o100000, symlink: 0o120000, device: 0o020000 } as const;
const MAGIC = "070701";
const TRAILER = "TRAILER!!!";
/** Sizes are eight hexadecimal digits. */
const MAX_FILE_SIZE = 0xffff_ffff;

const hex = (value: number) => value.toString(16).padStart(8, "0");

function header(fields: {
  inode: number;
  mode: number;
  links: number;
  size: number;
  device: readonly [number, number];
  nameLength: number;
}): string {
  const { inode, mode, links, size, device, nameLength } = fields;
  // magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  return MAGIC + [inode, mode, 0, 0, links, 0, size, 0, 0, device[0], device[1], nameLength, 0].map(hex).join("");
}

const padding = (length: number) => new Uint8Array((4 - (length % 4)) % 4);

function* member(
  path: string,
  inode: number,
  mode: number,
  links: number,
  content: Uint8Array,
  device: readonly [number, number] = [0, 0],
): Generator<Uint8Array> {
  if (content.length > MAX_FILE_SIZE) throw new RangeError(`${path}: cpio holds files below 4 GiB`);
  const name = Buffer.from(`${path}\0`);
  const head = header({ inode, mode, links, size: content.length, device, nameLength: name.length });
  yield Buffer.concat([Buffer.from(head, "latin1"), name, padding(head.length + name.length)]);
  yield content;
  yield padding(content.length);
}

/**
 * The archive, piece by piece, members sorted by path so that a directory comes before what is in it.
 * All belong to root and date from 1970. Throws when two members have one path or a directory is missing.
 */
export function* writeCpio(entries: Iterable<CpioEntry>): Generator<Uint8Array> {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1));
  const directories = new Set([""]);
  let inode = 0;
  let previous: string | undefined;
  for (const entry of sorted) {
    inode += 1;
    if (entry.path === previous) throw new Error(`${entry.path} is in the archive twice`);
    previous = entry.path;
    const parent = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf("/")));
    if (!directories.has(parent)) throw new Error(`${entry.path}: its directory is not in the archive`);
    if (entry.kind === "directory") directories.add(entry.path);
    const mode = TYPE_BITS[entry.kind] | (entry.kind === "symlink" ? 0o777 : entry.mode);
    const content =
      entry.kind === "file" ? entry.content : entry.kind === "symlink" ? Buffer.from(entry.target) : new Uint8Array();
    yield* member(
      entry.path,
      inode,
      mode,
      entry.kind === "directory" ? 2 : 1,
      content,
      entry.kind === "device" ? entry.device : [0, 0],
    );
  }
  yield* member(TRAILER, 0, 0, 1, new Uint8Array());
}
