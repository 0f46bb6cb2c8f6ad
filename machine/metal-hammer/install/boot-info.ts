// What the image's installer answers: how to boot what it installed.
import { lstat, readFile, readlink } from "node:fs/promises";
import { join, posix } from "node:path";
import { load } from "js-yaml";

/** /etc/metal/boot-info.yaml; paths are those of the installed system. */
export interface ImageBootInfo {
  readonly kernel: string;
  readonly initrd: string;
  readonly cmdline: string;
  readonly bootloaderId: string;
}

/** The kernel takes no longer command line on x86 (COMMAND_LINE_SIZE). */
const MAX_COMMAND_LINE = 2048;
/** Beyond this a symbolic link leads round in circles (as the kernel's own limit). */
const MAX_LINKS = 40;

/**
 * Where a path of the installed system lies in ours: symbolic links in it, absolute ones too, are followed inside `root`.
 * @throws when it does not exist, or links lead round in circles
 */
export async function resolveInside(root: string, path: string): Promise<string> {
  const todo = path.split("/");
  let resolved = "/";
  for (let links = 0; todo.length > 0;) {
    const name = todo.shift()!;
    const next = posix.join(resolved, name);
    if (!(await lstat(join(root, next))).isSymbolicLink()) {
      resolved = next;
      continue;
    }
    if (++links > MAX_LINKS) throw new Error(`${path}: too many symbolic links`);
    const target = await readlink(join(root, next));
    todo.unshift(...target.split("/"));
    if (target.startsWith("/")) resolved = "/";
  }
  return join(root, resolved);
}

/** @throws when a key is missing or no text; the message names it */
export function parseBootInfo(yaml: string): ImageBootInfo {
  const content: unknown = load(yaml);
  const text = (key: string): string => {
    const value =
      typeof content === "object" && content !== null ? (content as Record<string, unknown>)[key] : undefined;
    if (typeof value !== "string" || value === "") throw new Error(`boot-info.yaml of the image has no ${key}`);
    return value;
  };
  const info = {
    kernel: text("kernel"),
    initrd: text("initrd"),
    cmdline: text("cmdline"),
    bootloaderId: text("bootloader_id"),
  };
  if (info.cmdline.length >= MAX_COMMAND_LINE || /[^\x20-\x7e]/.test(info.cmdline))
    throw new Error("the command line in boot-info.yaml is too long or not plain text");
  return info;
}

/** Reads it and finds kernel and initrd. @throws when one of the three is not there */
export async function readBootInfo(root: string): Promise<ImageBootInfo & { kernelFile: string; initrdFile: string }> {
  const yaml = await readFile(join(root, "etc/metal/boot-info.yaml"), "utf8").catch(() => {
    throw new Error("the image's installer left no /etc/metal/boot-info.yaml: it is no OS image, or did not finish");
  });
  const info = parseBootInfo(yaml);
  const find = async (what: string, path: string): Promise<string> => {
    const file = await resolveInside(root, path).catch((error: Error) => {
      throw new Error(`the image's ${what} ${path} cannot be found: ${error.message}`);
    });
    if (!(await lstat(file)).isFile()) throw new Error(`the image's ${what} ${path} is no file`);
    return file;
  };
  return { ...info, kernelFile: await find("kernel", info.kernel), initrdFile: await find("initrd", info.initrd) };
}
