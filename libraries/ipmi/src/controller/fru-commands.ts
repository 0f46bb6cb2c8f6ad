import { CompletionCode } from "../completion-codes.ts";
import { Command, NetFn, Privilege } from "../constants.ts";
import { type CommandHandler, commandKey, refuse } from "./command.ts";

/** What fits into one answer: KCS and LAN buffers of real BMCs are not larger. */
const MAX_READ = 200;
/** The one FRU inventory. */
export function fruCommands(inventory: Buffer): [number, CommandHandler][] {
  const onlyDeviceZero = (data: Buffer) => (data[0] === 0 ? undefined : refuse(CompletionCode.NOT_PRESENT));
  return [
    [
      commandKey(NetFn.STORAGE, Command.GET_FRU_AREA_INFO),
      {
        privilege: Privilege.USER,
        minLength: 1,
        run(data) {
          onlyDeviceZero(data);
          return Buffer.of(inventory.length & 0xff, inventory.length >> 8, 0);
        },
      },
    ],
    [
      commandKey(NetFn.STORAGE, Command.READ_FRU),
      {
        privilege: Privilege.USER,
        minLength: 4,
        run(data) {
          onlyDeviceZero(data);
          const offset = data.readUInt16LE(1);
          const count = data[3]!;
          if (count > MAX_READ) refuse(CompletionCode.CANNOT_RETURN_BYTES);
          if (offset >= inventory.length) refuse(CompletionCode.PARAMETER_OUT_OF_RANGE);
          const bytes = inventory.subarray(offset, offset + count);
          return Buffer.concat([Buffer.of(bytes.length), bytes]);
        },
      },
    ],
  ];
}
