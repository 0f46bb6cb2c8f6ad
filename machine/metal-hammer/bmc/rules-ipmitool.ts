// What ipmitool prints, read back; and what it is told to do.

export interface BmcUser {
  readonly slot: number;
  readonly name: string;
}

/** `ipmitool -c user list <channel>`: slot, name, … */
export function parseUsers(csv: string): BmcUser[] {
  return csv.split("\n").flatMap((line) => {
    const [slot, name] = line.split(",");
    return /^\d+$/.test(slot ?? "") ? [{ slot: Number(slot), name: (name ?? "").trim() }] : [];
  });
}

/** Slot 1 is the anonymous user, 2 the factory's administrator (IPMI 2.0 §22.28 and common practice). */
const FIRST_FREE_SLOT = 3;

/** The slot of the user of this name, or the first free one; undefined when all are taken. */
export function slotFor(users: readonly BmcUser[], name: string): number | undefined {
  const own = users.find((user) => user.name === name);
  return (own ?? users.find((user) => user.slot >= FIRST_FREE_SLOT && user.name === ""))?.slot;
}

/** `Name  : value` lines; the first of a name counts. */
export function parseFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    if (name !== "" && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

export interface BmcLan {
  /** Undefined when the BMC has none. */
  readonly ip: string | undefined;
  readonly mac: string;
}

/** `ipmitool lan print <channel>` */
export function parseLan(text: string): BmcLan {
  const fields = parseFields(text);
  const [ip, mac] = [fields.get("IP Address"), fields.get("MAC Address")?.toLowerCase()];
  return {
    ip: ip === "0.0.0.0" ? undefined : ip,
    mac: mac === undefined || mac === "00:00:00:00:00:00" ? "" : mac,
  };
}

/** `ipmitool fru print 0`, by the names of the gRPC message. Absent what the board does not tell. */
export function parseFru(text: string) {
  const fields = parseFields(text);
  const NAMES = {
    chassisPartNumber: "Chassis Part Number",
    chassisPartSerial: "Chassis Serial",
    boardMfg: "Board Mfg",
    boardMfgSerial: "Board Serial",
    boardPartNumber: "Board Part Number",
    productManufacturer: "Product Manufacturer",
    productPartNumber: "Product Part Number",
    productSerial: "Product Serial",
  } as const;
  const fru: { -readonly [Name in keyof typeof NAMES]?: string } = {};
  for (const [name, label] of Object.entries(NAMES) as [keyof typeof NAMES, string][]) {
    const value = fields.get(label);
    if (value) fru[name] = value;
  }
  return fru;
}

/** Whether `ipmitool channel info <n>` describes a LAN channel. */
export function isLanChannel(text: string): boolean {
  return parseFields(text).get("Channel Medium Type")?.includes("LAN") ?? false;
}

/** IPMI's administrator privilege (IPMI 2.0 table 22-27). */
const ADMINISTRATOR = 4;

/**
 * The command for `ipmitool exec` that sets a password. It goes through a file, so that the password stands on no command
 * line.
 */
export function passwordCommand(slot: number, password: string): string {
  return `user set password ${slot} ${password} 16\n`;
}

/** What makes a user an administrator who may also use the serial console. Boards differ in which of these they need. */
export function administratorCommands(channel: number, slot: number): readonly string[][] {
  const [on, user] = [String(channel), String(slot)];
  return [
    ["user", "priv", user, String(ADMINISTRATOR), on],
    ["channel", "setaccess", on, user, "callin=on", "ipmi=on", "link=on", `privilege=${ADMINISTRATOR}`],
    ["sol", "payload", "enable", on, user],
    ["user", "enable", user],
  ];
}

/** What ipmitool 1.8 prints after the one command that must not fail. */
export const PASSWORD_SET = "Set User Password command successful";
