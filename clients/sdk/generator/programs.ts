import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Sources of the programs in a folder, by name. */
export const programsIn = (folder: string): string[] =>
  globSync(join(folder, "*.ts"))
    .sort()
    .map((file) => readFileSync(file, "utf8"));
