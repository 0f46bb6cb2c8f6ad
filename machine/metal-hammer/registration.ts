import { create } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  BootService,
  BootServiceRegisterRequestSchema,
  MachineBIOSSchema,
  type MachineHardware,
  type MachineIPMI,
} from "@metal-stack/protocol";
import type { Dmi } from "./hardware/rules-dmi.ts";
import { callUntilAnswered } from "./rpc.ts";

/** Tells metal-api what this machine is. `hardware` is asked again for each try: cables may have been seen meanwhile. */
export async function register(
  transport: Transport,
  machine: {
    readonly dmi: Dmi;
    readonly version: string;
    readonly partition: string;
    readonly hardware: () => MachineHardware;
    readonly ipmi: MachineIPMI | undefined;
  },
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<{ size: string }> {
  const client = createClient(BootService, transport);
  return callUntilAnswered(
    (options) =>
      client.register(
        create(BootServiceRegisterRequestSchema, {
          uuid: machine.dmi.uuid,
          hardware: machine.hardware(),
          bios: create(MachineBIOSSchema, machine.dmi.bios),
          metalHammerVersion: machine.version,
          partitionId: machine.partition,
          ...(machine.ipmi === undefined ? {} : { ipmi: machine.ipmi }),
        }),
        options,
      ),
    onError,
    signal,
  );
}
