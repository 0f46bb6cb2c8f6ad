// All attacks, in the order they are made.
import type { Attack } from "./attack.ts";
import { BOOT_SERVER } from "./boot-server.ts";
import { CERTIFICATES } from "./certificates.ts";
import { FLOODS } from "./floods.ts";
import { LINK } from "./link.ts";
import { REST_API } from "./rest.ts";
import { TICKETS } from "./tickets.ts";

export const ATTACKS: readonly Attack[] = [
  ...TICKETS,
  ...CERTIFICATES,
  ...REST_API,
  ...BOOT_SERVER,
  ...LINK,
  ...FLOODS,
];
