// The program of boot.lab.test.ts inside its network namespace: a boot server at 10.255.0.2 and a stand-in for metal-api
// that refuses every machine, with the reason given as argument. Writes the boot server's log to standard output.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, Environment } from "@metal-stack/service";
import { startPixiecore } from "../service.ts";
import { readSettings, SETTINGS } from "../settings.ts";
import { makeCertificates } from "./certificates.ts";
import { startMetalApi } from "./metal-api.ts";

const certificates = makeCertificates({ component: "pixiecore", id: "lab" });
const metalApi = await startMetalApi(certificates);
metalApi.plan = () => ({ case: "refuse", value: { reason: process.argv[2] ?? "" } });
const settings = readSettings(
  new Environment(SETTINGS, {
    PIXIECORE_PARTITION_ID: "lab",
    PIXIECORE_ADDRESS: "10.255.0.2/24",
    PIXIECORE_DHCP_MODE: "server",
    PIXIECORE_DHCP_RANGE: "10.255.0.100-10.255.0.200",
    PIXIECORE_LEASE_FILE: join(mkdtempSync(join(tmpdir(), "pixiecore-lab-")), "dhcpd.leases"),
    PIXIECORE_GRPC_ADDRESS: metalApi.address,
    PIXIECORE_GRPC_CA_FILE: join(certificates.folder, "ca.pem"),
    PIXIECORE_GRPC_CERT_FILE: join(certificates.folder, "client.pem"),
    PIXIECORE_GRPC_KEY_FILE: join(certificates.folder, "client.key"),
  }),
);
await startPixiecore(settings, createLogger("pixiecore"));
