// Programs and the shared libraries they need, taken from unpacked Debian packages.
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { elfNeeds } from "./elf.ts";
import type { Tool } from "./recipe.ts";
import type { ImageTree } from "./tree.ts";

const PROGRAM_DIRECTORIES = ["bin", "sbin", "usr/bin", "usr/sbin"];
const LIBRARY_FOLDER = "usr/lib/x86_64-linux-gnu";

/** Puts programs into an image together with everything the dynamic loader will look for. */
export class Programs {
  readonly #tree: ImageTree;
  /** Package name → folder it was unpacked into. */
  readonly #packages: ReadonlyMap<string, string>;
  readonly #libraries = new Map<string, string>();

  constructor(tree: ImageTree, packages: ReadonlyMap<string, string>) {
    this.#tree = tree;
    this.#packages = packages;
    for (const folder of packages.values())
      for (const path of globSync("{lib64,{usr/,}lib/x86_64-linux-gnu{,/systemd}}/*.so*", { cwd: folder }))
        if (!this.#libraries.has(basename(path))) this.#libraries.set(basename(path), join(folder, path));
  }

  /** A file of an unpacked package; throws when the package does not have it. */
  async fileOf(packageName: string, paths: readonly string[]): Promise<{ path: string; content: Buffer }> {
    const folder = this.#packages.get(packageName);
    if (!folder) throw new Error(`the package ${packageName} is not among the inputs`);
    for (const path of paths) {
      const content = await readFile(join(folder, path)).catch(() => undefined);
      if (content) return { path, content };
    }
    throw new Error(`the Debian package ${packageName} has none of ${paths.join(", ")}: correct recipe.ts`);
  }

  /** All programs of a tool, their other names and their libraries. */
  async addTool(tool: Tool): Promise<void> {
    for (const program of tool.programs) {
      const candidates = PROGRAM_DIRECTORIES.map((directory) => `${directory}/${program}`);
      const { path, content } = await this.fileOf(tool.package, candidates);
      await this.add(path, content);
    }
    for (const [name, program] of Object.entries(tool.links ?? {}))
      this.#tree.link(`usr/sbin/${name}`, this.#tree.has(`usr/sbin/${program}`) ? program : `../bin/${program}`);
  }

  /** One program, and its libraries. */
  async add(path: string, content: Buffer): Promise<void> {
    this.#tree.file(path, content, 0o755);
    await this.#addNeeds(path, content);
  }

  /** A library that programs load by themselves, without saying so in their headers. */
  async addLibrary(name: string, neededBy = "the recipe"): Promise<void> {
    const target = `${LIBRARY_FOLDER}/${name}`;
    if (this.#tree.has(target)) return;
    const source = this.#libraries.get(name);
    if (!source) throw new Error(`${neededBy} needs ${name}: add the Debian package that has it to recipe.ts`);
    const content = await readFile(source);
    this.#tree.file(target, content, 0o755);
    await this.#addNeeds(name, content);
  }

  async #addNeeds(path: string, content: Buffer): Promise<void> {
    const needs = elfNeeds(content);
    for (const library of needs?.libraries ?? [])
      if (!library.startsWith("ld-linux")) await this.addLibrary(library, path);
    const loader = needs?.interpreter;
    if (loader && !this.#tree.has(loader)) {
      const source = this.#libraries.get(basename(loader));
      if (!source) throw new Error(`${path} needs ${loader}: no package among the inputs has it`);
      await this.#tree.copy(source, loader, 0o755);
    }
  }
}
