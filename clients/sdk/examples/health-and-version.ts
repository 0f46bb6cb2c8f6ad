import { client } from "./client.ts";

const { status, services } = await client.health.get();
console.log(status, services); // → healthy

const { name, version } = await client.version.info();
console.log(name, version); // → metal-api

const me = await client.user.getMe();
console.log(me.EMail); // → metal-admin@metal-stack.io
