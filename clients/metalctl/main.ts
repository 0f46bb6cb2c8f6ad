#!/usr/bin/env node
// metalctl: the command line of the metal-stack API, in the original's grammar.
import { CommanderError } from "commander";
import { completionOf, run } from "./program.ts";

// A pipe closed early (`metalctl machine ls | head`) is no error.
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code === "EPIPE") process.exit(0);
  console.error(`Error: cannot write the answer: ${message}`);
  process.exit(1);
});

async function main(words: readonly string[]): Promise<void> {
  const completion = await completionOf(words);
  // Nothing that is still under way keeps a shell waiting.
  if (completion !== undefined) return void process.stdout.write(completion, () => process.exit());
  await run(words);
}

// Not awaited at the top: the bundle is CommonJS, which Node starts faster.
void main(process.argv.slice(2)).catch(async (error: Error) => {
  process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
  if (error instanceof CommanderError) return;
  const { explain } = await import("./explain.ts");
  console.error(await explain(error));
});
