// One boot of a machine in the discovery image, step by step (reference/partition-services.md 3.2, design decisions 11–14).
import { createClient, type Transport } from "@connectrpc/connect";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { agent, EventService, type MachineIPMI } from "@metal-stack/protocol";
import { randomPassword, retry } from "@metal-stack/service";
import { setTimeout as sleep } from "node:timers/promises";
import packageJson from "./package.json" with { type: "json" };
import { bmcIfPresent, withWantedLogin } from "./bmc/bmc.ts";
import { setClock } from "./boot/clock.ts";
import { fetchPartitionConfig } from "./boot/partition-config.ts";
import { bootParameters, type BootParameters } from "./boot/rules-command-line.ts";
import type { PartitionConfig } from "./boot/rules-partition-config.ts";
import type { Say } from "./console.ts";
import { eraseDisks, listDisks } from "./disks/index.ts";
import { Events, type EventToSend } from "./events.ts";
import { describeHardware, describeNics, firmware, readDmi } from "./hardware/hardware.ts";
import type { Dmi } from "./hardware/rules-dmi.ts";
import { MachineIdentity, TicketRefused } from "./identity/identity.ts";
import { install } from "./install/index.ts";
import { Announcer } from "./network/announcer.ts";
import { acquireAddress } from "./network/dhcp.ts";
import { bringUp, listNetworkCards } from "./network/links.ts";
import { systemDescription } from "./network/rules-announcement.ts";
import type { NetworkCard } from "./network/rules-links.ts";
import { rebootNow } from "./reboot.ts";
import { register } from "./registration.ts";
import { callUntilAnswered, RPC_TIMEOUT_MS } from "./rpc.ts";
import { Session } from "./session/session.ts";
import type { Watchdog } from "./watchdog.ts";

const VERSION: string = packageJson.version;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ALIVE_MS = MINUTE_MS;
/** A machine that nobody wants restarts after 24 to 48 hours, to pick up a newer image. */
const REST_MS = 24 * HOUR_MS;
/** How long to look for switches before registering with what is there. */
const NEIGHBOURS_MS = 30_000;
const TICKET_REFUSED_MS = 10_000;
const FLUSH_MS = 5_000;
const BACKOFF = { firstMs: 250, maxMs: 5_000 };

export class Hammer {
  readonly #say: Say;
  readonly #watchdog: Watchdog;
  readonly #signal = new AbortController().signal;
  #events: Events | undefined;

  constructor(say: Say, watchdog: Watchdog) {
    this.#say = say;
    this.#watchdog = watchdog;
  }

  /** Resolves when metal-api knows, or after five seconds. */
  async tellCrash(message: string): Promise<void> {
    this.#events?.emit("Crashed", message);
    await this.#events?.flush(FLUSH_MS);
  }

  /** Runs until the machine starts something else. @throws {Error} what keeps it from working */
  async run(commandLine: string): Promise<void> {
    const watchdog = this.#watchdog;
    const dmi = readDmi();
    const parameters = bootParameters(commandLine);
    this.#say(`version ${VERSION}, machine ${dmi.uuid}, ${firmware()} firmware`);
    const bmc = bmcIfPresent(this.#say);

    watchdog.phase("configuring the network", 15 * MINUTE_MS);
    const cards = await listNetworkCards();
    this.#say(`network cards: ${cards.map(({ name, mac }) => `${name} ${mac}`).join(", ") || "none"}`);
    await bringUp(cards, this.#say);
    const started = new Date();
    let address: string | undefined;
    const announcer = new Announcer(cards, dmi.uuid, () => systemDescription(address, VERSION, started), this.#say);
    announcer.start();
    const neighboursSeen = announcer.waitForSwitches(NEIGHBOURS_MS);
    const names = cards.map(({ name }) => name);
    const lease = await acquireAddress(names, this.#say);
    address = lease.ip;
    this.#say(`${lease.interface} has ${lease.ip}/${lease.prefixLength}`);

    watchdog.phase("fetching the configuration", 15 * MINUTE_MS);
    const config = await this.#configure(parameters);

    watchdog.phase("getting an identity", 30 * MINUTE_MS);
    const identity = await this.#identify(dmi, parameters, config);
    const events = this.#startEvents(dmi, identity.transport);
    // Takes seconds, in which the switches are still looked for.
    const ipmi = this.#giveBmcItsLogin(identity.transport, dmi, bmc);
    events.emit("Preparing", `metal-hammer ${VERSION}`);

    watchdog.phase("registering", HOUR_MS);
    if (!(await neighboursSeen)) this.#say("not two switches on two cards seen; registering with what is there");
    events.emit("Registering");
    this.#say("registering");
    await this.#register(identity.transport, { dmi, config, cards, announcer, ipmi });

    const session = new Session({
      machineId: dmi.uuid,
      transport: identity.transport,
      renewed: () => identity.renewed,
      events,
      watchdog,
      newConsolePassword: randomPassword,
      say: this.#say,
      hands: {
        eraseDisks,
        install: async (order, consolePassword, beforeTouching, onStep, signal) =>
          install(
            order,
            {
              uuid: dmi.uuid,
              nics: describeNics(cards, announcer.neighbours()),
              console: parameters.console,
              firmware: firmware(),
              consolePassword,
              hammerVersion: VERSION,
            },
            beforeTouching,
            onStep,
            signal,
          ),
        reboot: (reason) => this.#reboot(reason),
      },
    });
    await Promise.race([
      this.#restAfterAWhile(session),
      session.run(this.#signal),
      identity.keepRenewed((error) => this.#complain("cannot renew the certificate", error), this.#signal),
    ]);
  }

  async #configure(parameters: BootParameters): Promise<PartitionConfig> {
    const { config, serverTime } = await retry(
      () => fetchPartitionConfig(parameters.configUrl),
      (error) => this.#complain("no configuration", error),
      this.#signal,
      BACKOFF,
    );
    this.#say(`partition ${config.partition}, metal-api at ${config.grpcAddress}`);
    await setClock(config.ntpServers, serverTime, this.#say);
    return config;
  }

  async #identify(dmi: Dmi, { ticket }: BootParameters, config: PartitionConfig): Promise<MachineIdentity> {
    try {
      const identity = await MachineIdentity.exchange(
        { address: config.grpcAddress, machineId: dmi.uuid, ticket, ca: config.caCert },
        (error) => this.#complain("no certificate", error),
        this.#signal,
      );
      this.#say(`certificate until ${identity.notAfter.toISOString()}`);
      return identity;
    } catch (error) {
      if (!(error instanceof TicketRefused)) throw error;
      this.#say(`metal-api refuses this boot's ticket (${error.message}); restarting for a new one`);
      await sleep(TICKET_REFUSED_MS);
      return rebootNow();
    }
  }

  #startEvents(dmi: Dmi, transport: Transport): Events {
    const client = createClient(EventService, transport);
    const send = async ({ event, message, time }: EventToSend) => {
      const events = { [dmi.uuid]: { event, message, time: timestampFromDate(time) } };
      await client.send({ events }, { timeoutMs: RPC_TIMEOUT_MS });
    };
    const events = new Events(send, (error) => this.#complain("an event does not arrive", error), this.#signal);
    setInterval(() => events.emit("Alive"), ALIVE_MS);
    this.#events = events;
    return events;
  }

  async #register(
    transport: Transport,
    known: {
      dmi: Dmi;
      config: PartitionConfig;
      cards: readonly NetworkCard[];
      announcer: Announcer;
      ipmi: Promise<MachineIPMI | undefined>;
    },
  ): Promise<void> {
    const [disks, ipmi] = await Promise.all([listDisks(), known.ipmi]);
    const hardware = () => describeHardware(disks, known.cards, known.announcer.neighbours());
    const { size } = await register(
      transport,
      { dmi: known.dmi, version: VERSION, partition: known.config.partition, hardware, ipmi },
      (error) => this.#complain("cannot register", error),
      this.#signal,
    );
    this.#say(`registered, size ${size}`);
  }

  async #giveBmcItsLogin(transport: Transport, dmi: Dmi, present: ReturnType<typeof bmcIfPresent>) {
    const bmc = await present;
    return bmc && withWantedLogin(bmc, () => this.#wantedLogin(transport, dmi), this.#say);
  }

  /** metal-api makes the BMC's password and writes it down before the BMC hears of it. */
  async #wantedLogin(transport: Transport, { uuid }: Dmi): Promise<{ user: string; password: string }> {
    const client = createClient(agent.BmcLoginService, transport);
    const { login } = await callUntilAnswered(
      (options) => client.wanted({ machineId: uuid }, options),
      (error) => this.#complain("no login for the BMC", error),
      this.#signal,
    );
    if (!login) throw new Error("metal-api answers without a login for the BMC");
    return login;
  }

  /** Only a machine that waits may rest: whatever else it does is finished first. Resolves never. */
  async #restAfterAWhile(session: Session): Promise<never> {
    const due = performance.now() + REST_MS * (1 + Math.random());
    while (performance.now() < due || !session.isWaiting) await sleep(MINUTE_MS);
    return this.#reboot("waited for a day or two, restarting for a newer image");
  }

  async #reboot(reason: string): Promise<never> {
    this.#say(`restarting: ${reason}`);
    this.#events?.emit("Planned Reboot", reason);
    await this.#events?.flush(FLUSH_MS);
    return rebootNow();
  }

  #complain(what: string, error: unknown): void {
    this.#say(`${what}: ${error instanceof Error ? error.message : String(error)}; trying again`);
  }
}
