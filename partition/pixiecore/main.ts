// The boot server of a partition: DHCP, TFTP and HTTP for machines that boot from the network.
import { once } from "node:events";
import { Environment, runService } from "@metal-stack/service";
import { startPixiecore } from "./service.ts";
import { readSettings, SETTINGS } from "./settings.ts";

await runService("pixiecore", async ({ log, signal }) => {
  const pixiecore = await startPixiecore(readSettings(Environment.read(SETTINGS, log)), log);
  if (!signal.aborted) await once(signal, "abort");
  await pixiecore.close();
});
