// A process that has read its code and does nothing until it is told to: node standby.ts <module with the code> <program>
import { once } from "node:events";

const [code, program] = process.argv.slice(2);
await import(code!);
await once(process.stdin, "data");
await import(program!);
