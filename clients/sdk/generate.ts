// Writes src/gen from the document that metal-api serves and from examples/: node clients/sdk/generate.ts
// tools/bootstrap.sh does it whenever what the document is made from has changed.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiDocument } from "./generator/document.ts";
import { programsIn } from "./generator/programs.ts";
import { sourcesOf } from "./generator/sources.ts";

const PRINTS_DOCUMENT = join(import.meta.dirname, "../../control-plane/metal-api/openapi.ts");
const EXAMPLES = join(import.meta.dirname, "examples");
const FOLDER = join(import.meta.dirname, "src/gen");

const printed = execFileSync(process.execPath, [PRINTS_DOCUMENT], { encoding: "utf8", maxBuffer: 1 << 26 });
const sources = sourcesOf(JSON.parse(printed) as ApiDocument, programsIn(EXAMPLES));
mkdirSync(FOLDER, { recursive: true });
for (const [name, source] of Object.entries(sources)) writeFileSync(join(FOLDER, name), source);
