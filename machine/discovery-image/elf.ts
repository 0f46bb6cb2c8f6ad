// Reads from an ELF64 little-endian program which shared libraries and which loader it needs (gABI chapters 4 and 5).

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const PROGRAM_HEADER_SIZE = 56;

export interface ElfNeeds {
  /** Path of the dynamic loader; undefined for a static program or a library. */
  readonly interpreter: string | undefined;
  /** Names of shared libraries: "libc.so.6". */
  readonly libraries: readonly string[];
}

/** Undefined when the file is no 64-bit little-endian ELF file (a script, for one). */
export function elfNeeds(file: Buffer): ElfNeeds | undefined {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) return undefined;
  const offsetAt = (at: number) => Number(file.readBigUInt64LE(at));
  const text = (at: number) => file.toString("latin1", at, file.indexOf(0, at));

  const segments = Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = offsetAt(32) + index * PROGRAM_HEADER_SIZE;
    return {
      type: file.readUInt32LE(at),
      offset: offsetAt(at + 8),
      address: offsetAt(at + 16),
      size: offsetAt(at + 32),
    };
  });
  const interpreter = segments.find((segment) => segment.type === PT_INTERP);
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  const needed: number[] = [];
  let stringTable = 0;
  const [start, end] = dynamic ? [dynamic.offset, dynamic.offset + dynamic.size] : [0, 0];
  for (let at = start; at < end; at += 16) {
    const tag = offsetAt(at);
    if (tag === DT_NULL) break;
    if (tag === DT_NEEDED) needed.push(offsetAt(at + 8));
    if (tag === DT_STRTAB) stringTable = offsetAt(at + 8);
  }
  const holder = segments.find(
    ({ type, address, size }) => type === PT_LOAD && stringTable >= address && stringTable < address + size,
  );
  const strings = holder ? holder.offset + stringTable - holder.address : 0;
  return {
    interpreter: interpreter && text(interpreter.offset),
    libraries: needed.map((offset) => text(strings + offset)),
  };
}
