// A server that behaves: firmware, iPXE and hammer as far as anybody on the network can tell, on a station.
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { createSigningRequest, type ClientCredentials } from "@metal-stack/service";
import { ADDRESSES, GRPC_ADDRESS } from "../region/services.ts";
import { LEAVES, PARTITION } from "../region/servers.ts";
import type { GrpcAnswer } from "./station/grpc.ts";
import type { Station } from "./station.ts";

const GIB = 2 ** 30;
const DISK = { name: "/dev/vda", size: String(2 * GIB), serial: "D1" };
/** pixiecore and metal-api may be busy; a leaf tells some seconds late what it sees. */
const BOOT_TIMEOUT_MS = 30_000;
const RETRY_MS = 300;

export interface Script {
  readonly status: number;
  readonly text: string;
  /** Undefined: the machine is not to boot the discovery image. */
  readonly ticket: string | undefined;
}

export class Machine {
  readonly station: Station;
  readonly uuid: string;
  /** The leaf port on both leaves. */
  readonly port: string;
  readonly ca: string;
  address = "";
  credentials: ClientCredentials;

  constructor(station: Station, uuid: string, port: string, ca: string) {
    this.station = station;
    this.uuid = uuid;
    this.port = port;
    this.ca = ca;
    this.credentials = { ca };
  }

  get mac(): string {
    return this.station.macs[0];
  }

  /** Power-on until it waits for an allocation; its stream stays open. Answers what it is told. */
  async boot(): Promise<JsonObject> {
    await this.station.do("grpcRelease", undefined);
    const ticket = await this.fetchTicket();
    await this.takeIdentity(ticket);
    return await this.work();
  }

  /** DHCP and iPXE's script. */
  async fetchTicket(): Promise<string> {
    for (const end = Date.now() + BOOT_TIMEOUT_MS; ;) {
      const leased = await this.station.do("dhcpBoot", { mac: this.mac, uuid: this.uuid });
      if (leased) {
        this.address = leased.address;
        await this.station.useAddress(leased.address);
      }
      const { ticket, text } = await askForScript(this.station, this.mac, this.uuid);
      if (ticket !== undefined) return ticket;
      if (Date.now() > end) throw new Error(`${this.station.name} does not boot: ${leased?.address} ${text}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async takeIdentity(ticket: string): Promise<void> {
    const { answer, credentials } = await exchange(this.station, this.ca, this.uuid, ticket);
    if (!credentials) throw new Error(`${this.station.name}: ${answer.message}`);
    this.credentials = credentials;
  }

  /** Registers, and does what it is told until there is nothing to do but wait or install. */
  async work(): Promise<JsonObject> {
    await this.announce("metal-hammer waiting");
    await this.register();
    for (let tries = 0; ; tries += 1) {
      const { response, message } = await this.call("agent.v1.HammerService/Instructions", { machineId: this.uuid });
      const [instruction] = response as [JsonObject | undefined];
      if (!instruction || tries > 2) throw new Error(`${this.station.name} is told nothing: ${message}`);
      const erase = instruction["erase"] as JsonObject | undefined;
      if (!erase) break;
      await this.ok("agent.v1.HammerService/ReportErase", erased(this.uuid, erase["jobId"] as string));
    }
    const opened = await this.station.do(
      "grpcOpen",
      this.#order("agent.v1.HammerService/Instructions", { machineId: this.uuid }),
    );
    return opened.response[0] as JsonObject;
  }

  async register(): Promise<void> {
    const end = Date.now() + BOOT_TIMEOUT_MS;
    for (;;) {
      const answer = await this.call(
        "api.v1.BootService/Register",
        registration(this.uuid, this.port, this.station.macs),
      );
      if (answer.code === "ok") return;
      if (Date.now() > end) throw new Error(`${this.station.name} is not registered: ${answer.code} ${answer.message}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      await this.announce("metal-hammer waiting");
    }
  }

  /** By LLDP on both cards. */
  async announce(systemDescription: string, systemName = this.uuid): Promise<void> {
    const frames = this.station.macs.map((mac, index) => ({ card: `eth${index}`, mac, systemName, systemDescription }));
    await this.station.do("lldpSay", { frames });
  }

  async call(
    method: string,
    request: JsonValue,
    more: { messages?: number; timeoutMs?: number } = {},
  ): Promise<GrpcAnswer> {
    return this.station.do("grpc", { ...this.#order(method, request), ...more });
  }

  async ok(method: string, request: JsonValue): Promise<JsonValue> {
    const { code, message, response } = await this.call(method, request);
    if (code !== "ok") throw new Error(`${this.station.name}: ${method}: ${code} ${message}`);
    return response[0]!;
  }

  #order(method: string, request: JsonValue) {
    return { address: GRPC_ADDRESS, credentials: this.credentials, method, request };
  }
}

/** GET /ipxe as the script of /boot.ipxe asks for it. */
export async function askForScript(station: Station, mac: string, uuid: string): Promise<Script> {
  const path = `/ipxe?mac=${mac}&uuid=${uuid}&arch=x86_64&platform=efi`;
  const answer = await station.do("http", { host: ADDRESSES.boot, port: ADDRESSES.filesPort, path });
  return { status: answer.status, text: answer.body, ticket: /metal\.ticket=(\S+)/.exec(answer.body)?.[1] };
}

/** Trades a ticket; without credentials it was refused. */
export async function exchange(station: Station, ca: string, machineId: string, ticket: string) {
  const { csr, privateKey } = await createSigningRequest(machineId);
  const answer = await station.do("grpc", {
    address: GRPC_ADDRESS,
    credentials: { ca },
    method: "agent.v1.IdentityService/Exchange",
    request: { machineId, ticket, csr: Buffer.from(csr).toString("base64") },
  });
  const cert = (answer.response[0] as { certificate?: string } | undefined)?.certificate;
  const credentials: ClientCredentials | undefined = cert === undefined ? undefined : { ca, cert, key: privateKey };
  return { answer, credentials };
}

/** What a hammer at this port of both leaves registers. */
export function registration(uuid: string, port: string, macs: readonly string[]): JsonObject {
  return {
    uuid,
    partitionId: PARTITION,
    metalHammerVersion: "lab",
    bios: { version: "1", vendor: "lab", date: "today" },
    hardware: {
      memory: String(GIB),
      cpus: [{ vendor: "lab", model: "lab", cores: 1, threads: 1 }],
      disks: [DISK],
      nics: macs.map((mac, index) => ({
        mac,
        name: `eth${index}`,
        neighbors: [{ hostname: LEAVES[index]!, identifier: port, name: port }],
      })),
    },
  };
}

export function erased(machineId: string, jobId: string): JsonObject {
  const disk = { ...DISK, method: "overwrite", sectorsSampled: "18192", sectorSize: 512, verified: true };
  return { machineId, jobId, disks: [disk] };
}
