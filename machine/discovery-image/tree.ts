// The file tree of the image, put together before it is written.
import { readFile } from "node:fs/promises";
import type { CpioEntry } from "./cpio.ts";

/** Debian's merged /usr. */
const MERGED_DIRECTORIES = ["bin", "sbin", "lib", "lib64"];

export class ImageTree {
  readonly #entries = new Map<string, CpioEntry>();

  constructor() {
    for (const name of MERGED_DIRECTORIES) this.link(name, `usr/${name}`);
    for (const name of MERGED_DIRECTORIES) this.directory(`usr/${name}`);
  }

  get entries(): Iterable<CpioEntry> {
    return this.#entries.values();
  }

  has(path: string): boolean {
    return this.#entries.has(this.#real(path));
  }

  /** Where a path ends up with merged /usr: "/sbin/ip" → "usr/sbin/ip". */
  #real(path: string): string {
    const relative = path.replace(/^\/+/, "");
    return MERGED_DIRECTORIES.some((name) => relative.startsWith(`${name}/`)) ? `usr/${relative}` : relative;
  }

  /** Makes a directory, and those above it. */
  directory(path: string, mode = 0o755): void {
    const parts = this.#real(path).split("/");
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const directory = parts.slice(0, depth).join("/");
      if (!this.#entries.has(directory))
        this.#entries.set(directory, {
          path: directory,
          kind: "directory",
          mode: depth === parts.length ? mode : 0o755,
        });
    }
  }

  #add(entry: CpioEntry): void {
    if (this.#entries.has(entry.path)) throw new Error(`${entry.path} is put into the image twice`);
    const parent = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf("/")));
    if (parent) this.directory(parent);
    this.#entries.set(entry.path, entry);
  }

  file(path: string, content: Uint8Array | string, mode = 0o644): void {
    this.#add({ path: this.#real(path), kind: "file", mode, content: Buffer.from(content) });
  }

  async copy(from: string, to: string, mode = 0o644): Promise<void> {
    this.#add({ path: this.#real(to), kind: "file", mode, content: await readFile(from) });
  }

  link(path: string, target: string): void {
    this.#add({ path: this.#real(path), kind: "symlink", target });
  }

  device(path: string, major: number, minor: number): void {
    this.#add({ path: this.#real(path), kind: "device", mode: 0o600, device: [major, minor] });
  }
}
