// A bare server: its BMC, always on, and the machine that the BMC switches.
import { copyFileSync, existsSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { LanServer, ManagementController } from "@metal-stack/ipmi";
import { detectAccelerator } from "./accelerator.ts";
import { ServerChassis, type ServerEvent } from "./chassis.ts";
import type { ServerConfiguration } from "./configuration.ts";
import { GuestChannel } from "./guest-channel.ts";
import { guestChannelPath, OVMF_VARIABLES, variablesPath } from "./qemu-arguments.ts";
import { SerialConsole } from "./serial-console.ts";
import { loadState, saveState } from "./state.ts";

const MIB = 1024 * 1024;
const FIRMWARE_REVISION = { major: 1, minor: 0 };
/** Red Hat's enterprise number, as QEMU's own BMC device has it; no product number. */
const MANUFACTURER = 0x001c4c;

export interface VirtualServer {
  readonly bmcPort: number;
  close(): Promise<void>;
}

/** Starts the server's BMC; the machine stays off until somebody switches it on. */
export async function startServer(
  configuration: ServerConfiguration,
  emit: (event: ServerEvent) => void,
): Promise<VirtualServer> {
  const { id, uuid, bmc, runDirectory } = configuration;
  mkdirSync(runDirectory, { recursive: true });
  makeDisks(configuration);
  const accelerator = configuration.accelerator === "auto" ? await detectAccelerator() : configuration.accelerator;
  const state = loadState(configuration);
  const console = new SerialConsole(runDirectory, id);
  const chassis = new ServerChassis({
    configuration,
    accelerator,
    bootFlags: state.bootFlags,
    emit,
    wireConsole: (port) => console.attach(port),
    booted: () => controller.booted(),
  });
  const controller = new ManagementController({
    device: { uuid, firmware: FIRMWARE_REVISION, manufacturerId: MANUFACTURER, productId: 0 },
    lan: { address: bmc.address, mac: bmc.mac },
    fru: configuration.fru,
    state,
    chassis,
    console,
    onStateChange: (state) => saveState(configuration, state),
    port: () => lan.port,
  });
  const lan = new LanServer(controller, { uuid });
  const guest = new GuestChannel(controller, guestChannelPath(configuration));
  await console.listen();
  await guest.listen();
  await lan.listen(bmc.address, bmc.port);
  emit({ event: "ready", id, bmcPort: lan.port, accelerator });
  return {
    bmcPort: lan.port,
    async close() {
      lan.close();
      controller.close();
      await chassis.close();
      guest.close();
      await console.close();
    },
  };
}

function makeDisks(configuration: ServerConfiguration): void {
  for (const { path, sizeMiB } of configuration.disks) {
    if (existsSync(path)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
    truncateSync(path, sizeMiB * MIB);
  }
  const variables = variablesPath(configuration);
  if (configuration.firmware === "uefi" && !existsSync(variables)) copyFileSync(OVMF_VARIABLES, variables);
}
