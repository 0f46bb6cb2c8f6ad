// The first process in the test's namespaces: builds the stage, then runs one attack a line of its standard input and
// answers each with what came of it.
import { createInterface } from "node:readline";
import { ATTACKS } from "./attacks/index.ts";
import { prepare, stillAsItWas } from "./honest.ts";
import { startStage } from "./stage.ts";

const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);

try {
  const stage = await startStage(process.argv[2]!);
  await prepare(stage);
  say({ ready: true });
  for await (const name of createInterface({ input: process.stdin })) {
    const attack = ATTACKS.find((candidate) => candidate.attack === name);
    try {
      if (!attack) throw new Error("there is no such attack");
      const before = Date.now();
      await attack.run(stage);
      const attacked = Date.now();
      await stillAsItWas(stage);
      say({ name, attackMs: attacked - before, checkMs: Date.now() - attacked });
    } catch (error) {
      say({ name, error: (error as Error).stack });
    }
  }
  await stage.stop();
  process.exit();
} catch (error) {
  say({ error: (error as Error).stack });
  process.exit(1);
}
