// Which files a list of kernel modules needs, from the kernel's own modules.dep.

/** A module's name as modprobe knows it: no directory, no suffix, underscores. */
export function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf("/") + 1)
    .replace(/\.ko(\.(xz|zst|gz))?$/, "")
    .replaceAll("-", "_");
}

/** modules.dep: every module's file and the files it needs, relative to the modules folder. */
export class ModuleDependencies {
  readonly #files = new Map<string, string>();
  readonly #needs = new Map<string, readonly string[]>();
  readonly #builtin: ReadonlySet<string>;

  /**
   * @param dep content of modules.dep: `kernel/a.ko: kernel/b.ko kernel/c.ko`
   * @param builtin content of modules.builtin: one path a line
   */
  constructor(dep: string, builtin = "") {
    for (const line of dep.split("\n")) {
      const colon = line.indexOf(":");
      if (colon < 0) continue;
      const file = line.slice(0, colon);
      this.#files.set(moduleName(file), file);
      this.#needs.set(
        file,
        line
          .slice(colon + 1)
          .split(" ")
          .filter(Boolean),
      );
    }
    this.#builtin = new Set(builtin.split("\n").filter(Boolean).map(moduleName));
  }

  /**
   * The files of all modules wanted and of all they need, sorted. Modules built into the kernel need no file.
   * @returns also the names that this kernel does not have
   */
  resolve(wanted: readonly string[]): { files: string[]; missing: string[] } {
    const files = new Set<string>();
    const missing: string[] = [];
    for (const name of wanted.map(moduleName)) {
      const file = this.#files.get(name);
      if (file) for (const needed of [file, ...(this.#needs.get(file) ?? [])]) files.add(needed);
      else if (!this.#builtin.has(name)) missing.push(name);
    }
    return { files: [...files].sort(), missing };
  }
}
