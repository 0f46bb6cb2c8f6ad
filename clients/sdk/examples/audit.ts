import { client } from "./client.ts";

const traces = await client.audit.findTraces({ path: "/metal/v1/size", limit: 10 });
for (const { timestamp, user, path } of traces) console.log(timestamp, user, path);
