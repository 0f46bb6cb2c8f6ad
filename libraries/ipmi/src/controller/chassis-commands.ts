import { BootParameter, type BootFlags, decodeBootFlags, encodeBootFlags } from "../boot-flags.ts";
import { CompletionCode } from "../completion-codes.ts";
import { Command, NetFn, Privilege } from "../constants.ts";
import { type CommandHandler, commandKey, NO_DATA, refuse } from "./command.ts";

export type PowerAction = "off" | "on" | "cycle" | "reset" | "diagnostic-interrupt" | "soft-off";

/** Chassis Control's numbers (§28.3). */
export const POWER_ACTIONS: readonly PowerAction[] = [
  "off",
  "on",
  "cycle",
  "reset",
  "diagnostic-interrupt",
  "soft-off",
];

/** The machine around the BMC. */
export interface Chassis {
  readonly powered: boolean;
  /** Resolves when the machine does it. Throws CompletionError to refuse. */
  control(action: PowerAction): Promise<void>;
  /** The identify LED changed. */
  identify(on: boolean): void;
  /** New boot flags; undefined: the firmware's own order. They take effect at the next start or reset. */
  bootFlags(flags: BootFlags | undefined): void;
}

const POWERED = 0x01;
/** Identify state is supported; 01 temporarily on, 10 on for good (§28.2). */
const IDENTIFY_SUPPORTED = 0x40;
const IDENTIFY_TEMPORARY = 0x10;
const IDENTIFY_INDEFINITE = 0x20;
const DEFAULT_IDENTIFY_SECONDS = 15;

const PARAMETER_VERSION = 0x01;

/** Chassis state that the BMC keeps itself: identify LED and boot options. */
export class ChassisState {
  readonly #chassis: Chassis;
  readonly #parameters = new Map<number, Buffer>();
  readonly #onChange: () => void;
  #identify: "off" | "temporary" | "indefinite" = "off";
  #identifyTimer: NodeJS.Timeout | undefined;

  constructor(chassis: Chassis, bootFlags: Buffer | undefined, onChange: () => void) {
    this.#chassis = chassis;
    this.#onChange = onChange;
    this.#parameters.set(BootParameter.SET_IN_PROGRESS, Buffer.of(0));
    this.#parameters.set(BootParameter.VALID_BIT_CLEARING, Buffer.of(0));
    this.#parameters.set(BootParameter.INFO_ACKNOWLEDGE, Buffer.of(0, 0));
    this.#parameters.set(BootParameter.BOOT_FLAGS, bootFlags ?? encodeBootFlags(undefined));
  }

  get bootFlags(): BootFlags | undefined {
    return decodeBootFlags(this.#parameters.get(BootParameter.BOOT_FLAGS)!);
  }

  /** The firmware has read the flags: those for one boot are spent (data 1, bit 6 of parameter 5). */
  booted(): void {
    const flags = this.bootFlags;
    if (flags && !flags.persistent) this.#setFlags(encodeBootFlags(undefined));
  }

  commands(): [number, CommandHandler][] {
    return [
      [
        commandKey(NetFn.CHASSIS, Command.GET_CHASSIS_CAPABILITIES),
        { privilege: Privilege.USER, run: () => Buffer.of(0, 0x20, 0x20, 0x20, 0x20) },
      ],
      [
        commandKey(NetFn.CHASSIS, Command.GET_CHASSIS_STATUS),
        {
          privilege: Privilege.USER,
          run: () => Buffer.of(this.#chassis.powered ? POWERED : 0, 0, this.#identifyBits()),
        },
      ],
      [
        commandKey(NetFn.CHASSIS, Command.CHASSIS_CONTROL),
        {
          privilege: Privilege.OPERATOR,
          minLength: 1,
          run: async (data) => {
            const action = POWER_ACTIONS[data[0]! & 0x0f];
            if (!action) refuse(CompletionCode.INVALID_DATA_FIELD);
            // §28.3: what makes no sense on a machine that is off is refused.
            if (!this.#chassis.powered && action !== "on" && action !== "off")
              refuse(CompletionCode.NOT_IN_PRESENT_STATE);
            await this.#chassis.control(action);
            return NO_DATA;
          },
        },
      ],
      [
        commandKey(NetFn.CHASSIS, Command.CHASSIS_IDENTIFY),
        {
          privilege: Privilege.OPERATOR,
          run: (data) => {
            this.#setIdentify(data[0] ?? DEFAULT_IDENTIFY_SECONDS, ((data[1] ?? 0) & 1) !== 0);
            return NO_DATA;
          },
        },
      ],
      [
        commandKey(NetFn.CHASSIS, Command.SET_BOOT_OPTIONS),
        { privilege: Privilege.OPERATOR, minLength: 1, run: (data) => this.#setBootOption(data) },
      ],
      [
        commandKey(NetFn.CHASSIS, Command.GET_BOOT_OPTIONS),
        {
          privilege: Privilege.OPERATOR,
          minLength: 3,
          run: (data) => {
            const selector = data[0]! & 0x7f;
            const value = this.#parameters.get(selector) ?? refuse(CompletionCode.PARAMETER_NOT_SUPPORTED);
            return Buffer.concat([Buffer.of(PARAMETER_VERSION, selector), value]);
          },
        },
      ],
    ];
  }

  close(): void {
    clearTimeout(this.#identifyTimer);
  }

  #setBootOption(data: Buffer): Buffer {
    const selector = data[0]! & 0x7f;
    const old = this.#parameters.get(selector) ?? refuse(CompletionCode.PARAMETER_NOT_SUPPORTED);
    const value = Buffer.from(data.subarray(1));
    // Only the selector: changes just the "invalid/locked" bit, which nothing here uses.
    if (value.length === 0) return NO_DATA;
    if (value.length !== old.length) refuse(CompletionCode.DATA_LENGTH_INVALID);
    if (selector === BootParameter.BOOT_FLAGS) this.#setFlags(value);
    else this.#parameters.set(selector, value);
    return NO_DATA;
  }

  #setFlags(value: Buffer): void {
    this.#parameters.set(BootParameter.BOOT_FLAGS, value);
    this.#chassis.bootFlags(decodeBootFlags(value));
    this.#onChange();
  }

  #setIdentify(seconds: number, indefinite: boolean): void {
    clearTimeout(this.#identifyTimer);
    this.#identify = indefinite ? "indefinite" : seconds > 0 ? "temporary" : "off";
    this.#chassis.identify(this.#identify !== "off");
    if (this.#identify !== "temporary") return;
    this.#identifyTimer = setTimeout(() => {
      this.#identify = "off";
      this.#chassis.identify(false);
    }, seconds * 1000).unref();
  }

  #identifyBits(): number {
    const state = { off: 0, temporary: IDENTIFY_TEMPORARY, indefinite: IDENTIFY_INDEFINITE }[this.#identify];
    return IDENTIFY_SUPPORTED | state;
  }
}
