// The folder tree is the architecture: this checks that imports follow it.
//   services (control-plane, partition, machine, clients) never import one another, only libraries;
//   the SDK counts as a library, though it is with the clients;
//   libraries never import services; files named rules*.ts, and everything in a rules/ folder, know no SQL, HTTP, files or processes.
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const SERVICE_ROOTS = ["control-plane", "partition", "machine", "clients"];
const SDK = "clients/sdk";
const IMPURE = [
  /^kysely/,
  /^pg(-boss)?$/,
  /^fastify/,
  /^@fastify\//,
  /^@connectrpc\//,
  /^node:(fs|net|http|https|http2|dgram|child_process|tls)/,
  /^@metal-stack\/(database|service)$/,
];

const packageFolders = new Map(
  globSync("{libraries,control-plane,partition,machine,clients}/*/package.json").map((file) => [
    (JSON.parse(readFileSync(file, "utf8")) as { name: string }).name,
    dirname(file),
  ]),
);

/** The room a file belongs to: "libraries/dhcp", "control-plane/metal-api", "lab", … */
function roomOf(path: string): string {
  const [top, second] = path.split("/");
  return top === "libraries" || SERVICE_ROOTS.includes(top!) ? `${top}/${second}` : top!;
}

function violation(file: string, specifier: string): string | undefined {
  const target = specifier.startsWith(".")
    ? normalize(join(dirname(file), specifier))
    : packageFolders.get(specifier.split("/").slice(0, 2).join("/"));
  const here = roomOf(file);
  if (target) {
    const there = roomOf(target);
    if (here !== there) {
      if (specifier.startsWith(".") && here !== "tools")
        return `reaches into ${there} by a relative path; import the package`;
      const intoService = there !== SDK && SERVICE_ROOTS.some((root) => there.startsWith(`${root}/`));
      const isLibrary = here.startsWith("libraries/") || here === SDK;
      if (isLibrary && intoService) return `a library imports the service ${there}`;
      // A file beside the services (control-plane/main.ts) is none itself: it wires several into one process.
      const fromService = SERVICE_ROOTS.some((root) => here.startsWith(`${root}/`)) && !here.endsWith(".ts");
      if (fromService && intoService) return `a service imports the service ${there}`;
    }
  }
  const pure = /(^|\/)rules[^/]*\.ts$/.test(file) || file.includes("/rules/");
  if (pure && !file.endsWith(".test.ts") && IMPURE.some((pattern) => pattern.test(specifier)))
    return `rules are pure, but this imports ${specifier}`;
  return undefined;
}

const files = globSync("{libraries,control-plane,partition,machine,clients,lab,bench,tools}/**/*.ts", {
  exclude: (name) => ["node_modules", "gen", ".cache"].includes(name.split("/").at(-1)!),
});
let count = 0;
for (const file of files) {
  const source = readFileSync(file, "utf8");
  for (const match of source.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?(?:from\s*)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g,
  )) {
    const problem = violation(file, (match[1] ?? match[2])!);
    if (!problem) continue;
    count += 1;
    console.error(`${file}: ${problem}`);
  }
}
console.log(`layers: ${files.length} files, ${count} violations`);
process.exit(count === 0 ? 0 : 1);
