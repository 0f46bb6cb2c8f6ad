// The BMC's user table (§22.26-22.30): names, passwords, what they may do over LAN. Changeable while it runs.
import { timingSafeEqual } from "node:crypto";
import { CompletionCode } from "../completion-codes.ts";
import { MAX_USERS, PASSWORD_LENGTH, Privilege, USER_NAME_LENGTH } from "../constants.ts";
import { refuse } from "./command.ts";

export interface UserAccount {
  /** 2-15. */
  readonly id: number;
  /** Up to 16 characters. */
  name: string;
  /** Up to 20 characters. */
  password: string;
  enabled: boolean;
  /** 1-4, or 15 for no access. */
  privilege: number;
  /** May log in over LAN at all. */
  ipmiMessaging: boolean;
  linkAuthentication: boolean;
  solAccess: boolean;
}

export class UserTable {
  readonly #users = new Map<number, UserAccount>();
  readonly #onChange: () => void;

  constructor(users: readonly UserAccount[], onChange: () => void = () => undefined) {
    for (const user of users) this.#users.set(user.id, { ...user });
    this.#onChange = onChange;
  }

  /** The users that have a name, by id. */
  list(): UserAccount[] {
    return [...this.#users.values()].filter((user) => user.name !== "").sort((a, b) => a.id - b.id);
  }

  /** Who may log in over LAN by that name. */
  findLogin(name: string): UserAccount | undefined {
    if (name === "") return undefined;
    return this.list().find((user) => user.name === name && user.enabled && user.ipmiMessaging);
  }

  /** The user at a slot; empty slots read as nameless and disabled. Refuses ids outside 1-15. */
  get(id: number): Readonly<UserAccount> {
    if (id < 1 || id > MAX_USERS) refuse(CompletionCode.PARAMETER_OUT_OF_RANGE);
    return this.#users.get(id) ?? emptyUser(id);
  }

  change(id: number, changes: Partial<Omit<UserAccount, "id">>): void {
    // Slot 1 is the nameless user: nobody gets in without a name.
    if (id === 1) refuse(CompletionCode.INVALID_DATA_FIELD);
    this.#users.set(id, { ...this.get(id), ...changes });
    this.#onChange();
  }

  get enabledCount(): number {
    return [...this.#users.values()].filter((user) => user.enabled).length;
  }

  passwordMatches(id: number, password: string): boolean {
    return timingSafeEqual(passwordKey(this.get(id).password), passwordKey(password));
  }
}

function emptyUser(id: number): UserAccount {
  return {
    id,
    name: "",
    password: "",
    enabled: false,
    privilege: Privilege.NO_ACCESS,
    ipmiMessaging: false,
    linkAuthentication: false,
    solAccess: false,
  };
}

/** A password as the key it is in RAKP: twenty bytes, padded with zeroes. */
export function passwordKey(password: string): Buffer {
  const key = Buffer.alloc(PASSWORD_LENGTH);
  key.write(password, "latin1");
  return key;
}

/** Fixed-length text of the wire, up to the first NUL. */
export function decodeText(bytes: Buffer): string {
  const text = bytes.toString("latin1");
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

export function encodeName(name: string): Buffer {
  const bytes = Buffer.alloc(USER_NAME_LENGTH);
  bytes.write(name, "latin1");
  return bytes;
}
