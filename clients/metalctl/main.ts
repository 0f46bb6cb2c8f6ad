#!/usr/bin/env node
// metalctl: the command line of the metal-stack API, in the original's grammar.
import { CommanderError } from "commander";
import { ApiError } from "@metal-stack/api-client";
import { createProgram } from "./program.ts";

// A pipe closed early (`metalctl machine ls | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exit(error.exitCode);
  const status = error instanceof ApiError ? ` (HTTP ${error.statusCode})` : "";
  console.error(`Error: ${(error as Error).message}${status}`);
  process.exitCode = 1;
}
