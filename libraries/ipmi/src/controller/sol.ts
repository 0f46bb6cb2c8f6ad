import { CompletionCode } from "../completion-codes.ts";
import { Channel, Command, IPMI_PORT, NetFn, PayloadType, Privilege } from "../constants.ts";
import { SOL_MAX_DATA } from "../sol.ts";
import { type Caller, type CallerSession, type CommandHandler, commandKey, NO_DATA, refuse } from "./command.ts";
import { resolveChannel } from "./command.ts";
import type { UserTable } from "./users.ts";

/** The serial port that SOL shows. */
export interface SolConsole {
  /** Calls back with what the machine prints until the returned function is called. */
  subscribe(listener: (data: Buffer) => void): () => void;
  /** Types. */
  write(data: Buffer): void;
}

const PARAMETER_REVISION = 0x11;
const BAUD_115200 = 0x0a;
/** SOL configuration parameters (table 26-5): enabled, encryption and authentication forced, timings, bit rates, channel. */
const FIXED_PARAMETERS: ReadonlyMap<number, Buffer> = new Map([
  [0, Buffer.of(0)],
  [1, Buffer.of(1)],
  [2, Buffer.of(0xc0 | Privilege.OPERATOR)],
  [3, Buffer.of(2, SOL_MAX_DATA)],
  [4, Buffer.of(7, 50)],
  [5, Buffer.of(BAUD_115200)],
  [6, Buffer.of(BAUD_115200)],
  [7, Buffer.of(Channel.LAN)],
]);
const PARAMETER_PORT = 8;
const ENCRYPTED_AND_AUTHENTICATED = 0xc0;
const SOL_SUPPORTED = Buffer.of(0x03, 0x00, 0x0f, 0x00, 0, 0, 0, 0);

/** SOL commands; one session at a time has the console. */
export class SolCommands {
  readonly #console: SolConsole;
  readonly #users: UserTable;
  readonly #port: () => number;
  #owner: CallerSession | undefined;

  constructor(console: SolConsole, users: UserTable, port: () => number = () => IPMI_PORT) {
    this.#console = console;
    this.#users = users;
    this.#port = port;
  }

  /** A session ended, with or without Deactivate Payload. */
  sessionClosed(session: CallerSession): void {
    if (this.#owner === session) this.#owner = undefined;
  }

  commands(): [number, CommandHandler][] {
    const port = () => {
      const number = this.#port();
      return [number & 0xff, number >> 8];
    };
    return [
      [
        commandKey(NetFn.APP, Command.ACTIVATE_PAYLOAD),
        {
          privilege: Privilege.USER,
          minLength: 6,
          run: (data, caller) => {
            const session = this.#solCaller(data, caller);
            if (!this.#users.get(session.userId).solAccess) refuse(CompletionCode.PAYLOAD_DISABLED);
            if (this.#owner && this.#owner !== session) refuse(CompletionCode.PAYLOAD_ALREADY_ACTIVE);
            if ((data[2]! & ENCRYPTED_AND_AUTHENTICATED) !== ENCRYPTED_AND_AUTHENTICATED)
              refuse(CompletionCode.INVALID_DATA_FIELD);
            this.#owner = session;
            session.attachConsole(this.#console, () => this.sessionClosed(session));
            return Buffer.of(0, 0, 0, 0, SOL_MAX_DATA + 4, 0, SOL_MAX_DATA + 4, 0, ...port(), 0xff, 0xff);
          },
        },
      ],
      [
        commandKey(NetFn.APP, Command.DEACTIVATE_PAYLOAD),
        {
          privilege: Privilege.USER,
          minLength: 6,
          run: (data, caller) => {
            // An operator may also end somebody else's session: `ipmitool sol deactivate`.
            const session = this.#solCaller(data, caller);
            if (!this.#owner) refuse(CompletionCode.PAYLOAD_ALREADY_ACTIVE);
            if (this.#owner !== session && caller.privilege < Privilege.OPERATOR)
              refuse(CompletionCode.INSUFFICIENT_PRIVILEGE);
            this.#owner.detachConsole();
            this.#owner = undefined;
            return NO_DATA;
          },
        },
      ],
      [
        commandKey(NetFn.APP, Command.GET_PAYLOAD_ACTIVATION_STATUS),
        { privilege: Privilege.USER, minLength: 1, run: () => Buffer.of(1, this.#owner ? 1 : 0, 0) },
      ],
      [
        commandKey(NetFn.APP, Command.GET_CHANNEL_PAYLOAD_SUPPORT),
        { privilege: Privilege.USER, minLength: 1, run: () => SOL_SUPPORTED },
      ],
      [
        commandKey(NetFn.TRANSPORT, Command.GET_SOL_CONFIGURATION),
        {
          privilege: Privilege.USER,
          minLength: 4,
          run(data, caller) {
            resolveChannel(data[0]!, caller, [Channel.LAN]);
            const value = data[1] === PARAMETER_PORT ? Buffer.from(port()) : FIXED_PARAMETERS.get(data[1]!);
            if (!value) refuse(CompletionCode.PARAMETER_NOT_SUPPORTED);
            return Buffer.concat([Buffer.of(PARAMETER_REVISION), value]);
          },
        },
      ],
      [
        commandKey(NetFn.TRANSPORT, Command.SET_SOL_CONFIGURATION),
        {
          privilege: Privilege.ADMINISTRATOR,
          minLength: 3,
          // Everything is on already and the bit rate of a virtual port means nothing: agreeing is true enough.
          run: (data) => (data[1]! < PARAMETER_PORT ? NO_DATA : refuse(CompletionCode.PARAMETER_NOT_SUPPORTED)),
        },
      ],
    ];
  }

  #solCaller(data: Buffer, caller: Caller): CallerSession {
    if ((data[0]! & 0x3f) !== PayloadType.SOL || data[1] !== 1) refuse(CompletionCode.INVALID_DATA_FIELD);
    return caller.session ?? refuse(CompletionCode.INVALID_COMMAND);
  }
}
