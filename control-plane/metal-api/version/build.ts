// What this build is; a release's build sets the variables.
import { readFileSync } from "node:fs";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

export const BUILD = {
  version: process.env["BUILD_VERSION"] ?? `v${version}`,
  revision: process.env["BUILD_REVISION"] ?? "",
  gitsha1: process.env["BUILD_GITSHA1"] ?? "",
  builddate: process.env["BUILD_DATE"] ?? "",
} as const;
