// A virtual machine that starts the discovery image as it is shipped, by itself: its boot server and its metal-api are this
// process, behind QEMU's own network, whose router also speaks IPv6.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { StandIn } from "@metal-stack/metal-hammer/testing/stand-in.ts";
import { CACHE } from "../setup/artefacts.ts";

const IMAGE = resolve(CACHE, "discovery-image");
export const UUID = "00000000-0000-4000-8000-00000000c10c";
export const MAC = "52:54:00:00:c1:0c";
const TICKET = "a-ticket";
/** This host's loopback, as guests of QEMU's user network see it (QEMU's documentation, "Using the user mode network stack"). */
const HOST = "10.0.2.2";

export interface HostileBootOptions {
  readonly folder: string;
  readonly name: string;
  /** What the machine's battery-backed clock says at power-on, UTC: `2001-01-01`. */
  readonly clock: string;
}

export class HostileBoot implements AsyncDisposable {
  readonly metalApi: StandIn;
  readonly #options: HostileBootOptions;
  readonly #bootServer: Server;
  readonly #qemu: ChildProcess;

  private constructor(options: HostileBootOptions, metalApi: StandIn, bootServer: Server) {
    this.#options = options;
    this.metalApi = metalApi;
    this.#bootServer = bootServer;
    const { port } = bootServer.address() as AddressInfo;
    // no_timer_check: on a host with much other work a virtual timer seems broken to the kernel, which then gives up.
    const commandLine = `console=ttyS0 no_timer_check metal.config=http://${HOST}:${port}/config metal.ticket=${TICKET}`;
    const qemu = [
      ["qemu-system-x86_64", "-accel", "tcg,tb-size=256", "-machine", "q35,graphics=off", "-m", "1024"],
      ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-uuid", UUID],
      ["-rtc", `base=${options.clock}`],
      ["-kernel", join(IMAGE, "metal-kernel"), "-initrd", join(IMAGE, "metal-hammer-initrd.img.zst")],
      ["-append", commandLine, "-serial", `file:${this.#consoleFile}`],
      ["-netdev", "user,id=cable,ipv4=on,ipv6=on", "-device", `virtio-net-pci,netdev=cable,mac=${MAC}`],
      ["-object", `filter-dump,id=dump,netdev=cable,file=${this.framesFile}`],
    ].flat();
    this.#qemu = spawn("setpriv", ["--pdeathsig", "KILL", ...qemu], { stdio: ["ignore", "ignore", "inherit"] });
  }

  static async start(options: HostileBootOptions): Promise<HostileBoot> {
    const metalApi = await StandIn.start("127.0.0.1", 0, [HOST]);
    metalApi.tickets.set(UUID, TICKET);
    const { port } = new URL(`https://${metalApi.address}`);
    const config = {
      partition: "lab",
      grpc_address: `${HOST}:${port}`,
      ca_cert: metalApi.authority.pem,
      ntp_servers: [],
    };
    const bootServer = createServer((_, response) => void response.end(JSON.stringify(config)));
    bootServer.listen(0, "127.0.0.1");
    await once(bootServer, "listening");
    return new HostileBoot(options, metalApi, bootServer);
  }

  /** Every frame of its cable, as tcpdump writes them. */
  get framesFile(): string {
    return join(this.#options.folder, `${this.#options.name}.pcap`);
  }

  get #consoleFile(): string {
    return join(this.#options.folder, `${this.#options.name}.console`);
  }

  /** What it has said on its serial port. */
  get console(): string {
    return existsSync(this.#consoleFile) ? readFileSync(this.#consoleFile, "latin1") : "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#qemu.exitCode === null && this.#qemu.signalCode === null) {
      const ended = once(this.#qemu, "exit");
      this.#qemu.kill("SIGKILL");
      await ended;
    }
    this.#bootServer.close();
    await this.metalApi.close();
  }
}
