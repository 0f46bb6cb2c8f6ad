// Prints the API's document: `npm run -s openapi`. Needs neither a database nor a port.
import { apiDocumentOf } from "./rest/print.ts";

process.stdout.write(`${JSON.stringify(await apiDocumentOf("/"), null, 2)}\n`);
