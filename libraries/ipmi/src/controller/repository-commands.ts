// A sensor data repository with one record, the BMC itself, and an empty event log: clients such as ipmitool look at
// both before they read FRUs, and try to build a repository that is empty.
import { CompletionCode } from "../completion-codes.ts";
import { Command, NetFn, Privilege } from "../constants.ts";
import { type CommandHandler, commandKey, refuse } from "./command.ts";

const SDR_VERSION = 0x51;
/** "SEL/SDR version", record count, then free space, timestamps and flags as zeroes (§31.2, §33.9). */
const repositoryInfo = (records: number) => Buffer.concat([Buffer.of(SDR_VERSION, records)], 14);

const RECORD_ID = 1;
const LAST_RECORD = 0xffff;
/** Management controller device locator (§43.9): the BMC at 0x20, a chassis device, entity "system management module". */
const NAME = Buffer.from("BMC");
const LOCATOR_BODY = Buffer.concat([
  Buffer.of(0x20, 0x00, 0x00, 0x80, 0, 0, 0, 0x06, 0x01, 0x00, 0xc0 | NAME.length),
  NAME,
]);
const LOCATOR = Buffer.concat([Buffer.of(RECORD_ID, 0, SDR_VERSION, 0x12, LOCATOR_BODY.length), LOCATOR_BODY]);

export function repositoryCommands(): [number, CommandHandler][] {
  return [
    [
      commandKey(NetFn.STORAGE, Command.GET_SDR_REPOSITORY_INFO),
      { privilege: Privilege.USER, run: () => repositoryInfo(1) },
    ],
    [
      commandKey(NetFn.STORAGE, Command.RESERVE_SDR_REPOSITORY),
      { privilege: Privilege.USER, run: () => Buffer.of(1, 0) },
    ],
    [
      commandKey(NetFn.STORAGE, Command.GET_SDR),
      {
        privilege: Privilege.USER,
        minLength: 6,
        run(data) {
          const id = data.readUInt16LE(2);
          if (id !== 0 && id !== RECORD_ID && id !== LAST_RECORD) refuse(CompletionCode.NOT_PRESENT);
          const bytes = LOCATOR.subarray(data[4], data[4]! + data[5]!);
          return Buffer.concat([Buffer.of(LAST_RECORD & 0xff, LAST_RECORD >> 8), bytes]);
        },
      },
    ],
    [commandKey(NetFn.STORAGE, Command.GET_SEL_INFO), { privilege: Privilege.USER, run: () => repositoryInfo(0) }],
  ];
}
