// What goes into the image, from unpacked packages to a tree.
import { globSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tmpdir } from "node:os";
import { nodeBinary } from "./bundle.ts";
import { command } from "./debian.ts";
import { ModuleDependencies } from "./kernel-modules.ts";
import { pciNames } from "./pci-names.ts";
import { Programs } from "./programs.ts";
import type { Progress } from "./progress.ts";
import { BUSYBOX_PACKAGE, PCI_NAMES_PACKAGE, type Recipe } from "./recipe.ts";
import { ImageTree } from "./tree.ts";

export interface Inputs {
  readonly recipe: Recipe;
  /** "6.1.0-56-amd64" */
  readonly kernelVersion: string;
  /** Package name → folder it was unpacked into. */
  readonly packages: ReadonlyMap<string, string>;
  readonly kernelFolder: string;
  readonly init: Uint8Array;
  readonly hammer: Uint8Array | undefined;
}

/** Settings for tools that would otherwise wait for udev, or take a watchdog's default that is too short for us. */
const CONFIGURATION: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
  "etc/group": "root:x:0:\ndisk:x:6:\n",
  "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
  "etc/modprobe.d/watchdog.conf": [
    "options iTCO_wdt heartbeat=60",
    "options i6300esb heartbeat=60",
    "options sp5100_tco heartbeat=60",
    "options softdog soft_margin=60",
    "",
  ].join("\n"),
  "etc/lvm/lvm.conf": [
    "devices { obtain_device_list_from_udev = 0 external_device_info_source = none use_devicesfile = 0 }",
    "activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }",
    "global { use_lvmpolld = 0 }",
    "",
  ].join("\n"),
};

/** Loaded by glibc when a thread is cancelled; no header names it. */
const HIDDEN_LIBRARIES = ["libgcc_s.so.1"];

export async function imageTree(inputs: Inputs, progress: Progress): Promise<ImageTree> {
  const tree = new ImageTree();
  for (const path of ["dev", "proc", "sys", "run", "tmp", "root", "mnt", "var/lib", "etc"]) tree.directory(path);
  tree.link("var/run", "../run");
  tree.link("etc/mtab", "../proc/self/mounts");
  tree.link("etc/resolv.conf", "../run/resolv.conf");
  tree.device("dev/console", 5, 1);
  tree.device("dev/null", 1, 3);
  for (const [path, content] of Object.entries(CONFIGURATION)) tree.file(path, content);
  tree.file("init", inputs.init, 0o755);

  const programs = new Programs(tree, inputs.packages);
  for (const tool of inputs.recipe.tools) await programs.addTool(tool);
  if (inputs.recipe.tools.some((tool) => tool.package === "e2fsprogs"))
    tree.file("etc/mke2fs.conf", (await programs.fileOf("e2fsprogs", ["etc/mke2fs.conf"])).content);
  await addBusybox(tree, programs, inputs.packages.get(BUSYBOX_PACKAGE)!);
  progress(`${inputs.recipe.tools.length} tools with their libraries`);

  const modules = await addModules(tree, inputs);
  progress(`${modules} kernel modules`);

  if (inputs.hammer) {
    await programs.add("usr/bin/node", await strippedNode());
    for (const library of HIDDEN_LIBRARIES) await programs.addLibrary(library);
    tree.file("usr/lib/metal-hammer.cjs", inputs.hammer);
    const { path, content } = await programs.fileOf(PCI_NAMES_PACKAGE, ["usr/share/misc/pci.ids"]);
    tree.file(path, pciNames(content.toString("utf8")));
    progress(`Node and the hammer (${Math.round(inputs.hammer.length / 1024)} KiB)`);
  }
  return tree;
}

/** Busybox, and its name for every command that no better program has. */
async function addBusybox(tree: ImageTree, programs: Programs, folder: string): Promise<void> {
  const { path, content } = await programs.fileOf(BUSYBOX_PACKAGE, ["bin/busybox", "usr/bin/busybox"]);
  tree.file("usr/bin/busybox", content, 0o755);
  const applets = (await command(join(folder, path), ["--list"])).split("\n").filter(Boolean);
  const taken = (name: string) => ["usr/bin", "usr/sbin"].some((directory) => tree.has(`${directory}/${name}`));
  for (const applet of applets) if (!taken(applet)) tree.link(`usr/bin/${applet}`, "busybox");
}

/** Copies the modules wanted and what they need, and indexes exactly those for modprobe. */
async function addModules(tree: ImageTree, { recipe, kernelFolder, kernelVersion }: Inputs): Promise<number> {
  const folder = `lib/modules/${kernelVersion}`;
  const all = join(kernelFolder, folder);
  await command("depmod", ["-b", kernelFolder, kernelVersion], { package: "kmod" });
  const [dep, builtin] = await Promise.all(
    ["modules.dep", "modules.builtin"].map((name) => readFile(join(all, name), "utf8")),
  );
  const { files, missing } = new ModuleDependencies(dep!, builtin).resolve(recipe.modules);
  if (missing.length > 0)
    throw new Error(`kernel ${kernelVersion} has no module ${missing.join(", ")}: correct recipe.ts`);

  const staging = await mkdtemp(join(tmpdir(), "discovery-image-"));
  try {
    const chosen = join(staging, folder);
    const metadata = ["modules.builtin", "modules.builtin.modinfo", "modules.order"];
    for (const file of [...files, ...metadata]) {
      await mkdir(dirname(join(chosen, file)), { recursive: true });
      await copyFile(join(all, file), join(chosen, file));
    }
    await command("depmod", ["-b", staging, kernelVersion], { package: "kmod" });
    for (const file of globSync("**", { cwd: chosen, withFileTypes: true }).filter((entry) => entry.isFile())) {
      const path = join(file.parentPath, file.name);
      await tree.copy(path, join(folder, path.slice(chosen.length)));
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return files.length;
}

/** Node without its symbol table: 108 instead of 126 MB. */
async function strippedNode(): Promise<Buffer> {
  const staging = await mkdtemp(join(tmpdir(), "discovery-image-"));
  try {
    const stripped = join(staging, "node");
    await command("strip", ["-o", stripped, nodeBinary()], { package: "binutils" });
    return await readFile(stripped);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
