// A process inside a namespace of the boot network: does what it is told, one JSON line an order, one an answer.
import { createInterface } from "node:readline";
import { ACTIONS } from "./actions.ts";

const actions = ACTIONS as Readonly<Record<string, (order: unknown) => Promise<unknown>>>;

// What a server sends back to nonsense may be nonsense too.
process.on("uncaughtException", (error) => console.error(error));

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { id, action, order } = JSON.parse(line) as { id: number; action: string; order: unknown };
    const answer = (fields: object) => process.stdout.write(`${JSON.stringify({ id, ...fields })}\n`);
    actions[action]!(order).then(
      (result) => answer({ result }),
      (error: unknown) => answer({ error: (error as Error).stack }),
    );
  })
  .on("close", () => process.exit());
