// A process that uses the embedded server of the directory given, until its standard input ends.
import { EmbeddedPostgres } from "../server.ts";

const server = await EmbeddedPostgres.start({ directory: process.argv[2]!, durable: false });
console.log(server.url);
process.stdin.resume();
process.stdin.once("end", () => void server.stop());
