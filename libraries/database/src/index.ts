// PostgreSQL as our services use it: pool, migrations, notifications, and a server of our own where there is none.
export * from "./columns.ts";
export * from "./migrate.ts";
export * from "./notifications.ts";
export * from "./open.ts";
export * from "./embedded/server.ts";
export * from "./testing.ts";
export * from "./provide.ts";
