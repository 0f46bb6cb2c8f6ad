// The BMC itself, without a wire: it answers IPMI requests, whether they come over LAN or from the guest's KCS.
import { encodeBootFlags, type BootFlags } from "../boot-flags.ts";
import { CompletionCode } from "../completion-codes.ts";
import { Channel, Privilege } from "../constants.ts";
import { CompletionError } from "../errors.ts";
import { encodeFru, type Fru } from "../fru.ts";
import type { IpmiRequest, IpmiResponse } from "../message.ts";
import { channelCommands } from "./channel-commands.ts";
import { type Chassis, ChassisState } from "./chassis-commands.ts";
import { type Caller, type CallerSession, commandKey, type CommandTable, NO_DATA } from "./command.ts";
import { type DeviceIdentity, deviceCommands } from "./device-commands.ts";
import { fruCommands } from "./fru-commands.ts";
import { type LanIdentity, lanCommands } from "./lan-commands.ts";
import { repositoryCommands } from "./repository-commands.ts";
import { SolCommands, type SolConsole } from "./sol.ts";
import { userCommands } from "./user-commands.ts";
import { type UserAccount, UserTable } from "./users.ts";

/** What survives a restart of the BMC. */
export interface ControllerState {
  readonly users: readonly UserAccount[];
  readonly bootFlags?: BootFlags;
}

export interface ControllerOptions {
  readonly device: DeviceIdentity;
  readonly lan: LanIdentity;
  readonly fru: Fru;
  readonly state: ControllerState;
  readonly chassis: Chassis;
  readonly console: SolConsole;
  /** Called after every change of what survives a restart. */
  readonly onStateChange?: (state: ControllerState) => void;
  /** The UDP port that SOL answers name, when it is not 623. */
  readonly port?: () => number;
}

/** The guest's own channel: no login, every privilege. */
const GUEST: Caller = { channel: Channel.SYSTEM_INTERFACE, privilege: Privilege.ADMINISTRATOR };

export class ManagementController {
  readonly users: UserTable;
  readonly #chassis: ChassisState;
  readonly #sol: SolCommands;
  readonly #commands: CommandTable;
  readonly #sessions = new Set<CallerSession>();

  constructor(options: ControllerOptions) {
    const changed = () => options.onStateChange?.(this.state);
    const { bootFlags } = options.state;
    this.users = new UserTable(options.state.users, changed);
    this.#chassis = new ChassisState(options.chassis, encodeBootFlags(bootFlags), changed);
    this.#sol = new SolCommands(options.console, this.users, options.port);
    this.#commands = new Map([
      ...deviceCommands(options.device),
      ...channelCommands(() => this.#sessions.size),
      ...userCommands(this.users),
      ...this.#chassis.commands(),
      ...fruCommands(encodeFru(options.fru)),
      ...repositoryCommands(),
      ...lanCommands(options.lan),
      ...this.#sol.commands(),
    ]);
  }

  get state(): ControllerState {
    const bootFlags = this.#chassis.bootFlags;
    return { users: this.users.list(), ...(bootFlags && { bootFlags }) };
  }

  get bootFlags(): BootFlags | undefined {
    return this.#chassis.bootFlags;
  }

  /** To be told when the machine's firmware starts: boot flags for one boot are spent then. */
  booted(): void {
    this.#chassis.booted();
  }

  /** Never throws: every failure becomes a completion code. */
  async handle(request: IpmiRequest, caller: Caller = GUEST): Promise<IpmiResponse> {
    const handler = this.#commands.get(commandKey(request.netFn, request.command));
    if (!handler) return { completionCode: CompletionCode.INVALID_COMMAND, data: NO_DATA };
    if (caller.privilege < handler.privilege)
      return { completionCode: CompletionCode.INSUFFICIENT_PRIVILEGE, data: NO_DATA };
    if (request.data.length < (handler.minLength ?? 0))
      return { completionCode: CompletionCode.DATA_LENGTH_INVALID, data: NO_DATA };
    try {
      return { completionCode: CompletionCode.OK, data: await handler.run(request.data, caller) };
    } catch (error) {
      const code = error instanceof CompletionError ? error.completionCode : CompletionCode.UNSPECIFIED;
      return { completionCode: code, data: NO_DATA };
    }
  }

  sessionOpened(session: CallerSession): void {
    this.#sessions.add(session);
  }

  sessionClosed(session: CallerSession): void {
    this.#sessions.delete(session);
    this.#sol.sessionClosed(session);
  }

  close(): void {
    this.#chassis.close();
  }
}
