import { MetalError } from "@metal-stack/sdk";
import { client } from "./client.ts";

// This region has no store for firmware, and says so.
const refused = (error: unknown) => console.log(error instanceof MetalError && error.status);

const file = new Blob(["the content of the file"]);
await client.firmware.upload("bmc", "supermicro", "X11DPT-B", "2.0", { file }).catch(refused); // → 500

const bios = await client.firmware.list({ kind: "bios", vendor: "supermicro" }).catch(refused); // → 500
if (bios) console.log(bios.revisions);

await client.firmware.remove("bmc", "supermicro", "X11DPT-B", "2.0").catch(refused); // → 500

const [machine] = await client.machine.list();
await client.machine.updateFirmware(machine!.id, { kind: "bmc", revision: "2.0" }).catch(refused); // → 500
