// Server mode: gives addresses, and boot information with them.
import {
  BOOT_REQUEST,
  formatIpv4,
  ipv4Value,
  LeaseFile,
  LeaseTable,
  macOf,
  MessageType,
  Option,
  parseIpv4,
  parseIpv4Interface,
  uint32Value,
  type Client,
  type DhcpPacket,
  type Lease,
  type Options,
} from "@metal-stack/dhcp";
import type { Logger } from "@metal-stack/service";
import type { DhcpMode, Settings } from "../settings.ts";
import type { BootInformation } from "./rules/boot-information.ts";
import { reply, type Reply } from "./rules/reply.ts";

type ServerMode = Extract<DhcpMode, { kind: "server" }>;

/** A quarter. */
const MAX_ABANDONED_PART = 4;

/** Answers clients that need an address, from a table of leases that survives restarts. */
export class Authority {
  readonly leases: LeaseTable;
  readonly #file: LeaseFile;
  readonly #settings: Settings;
  readonly #mode: ServerMode;
  readonly #log: Logger;

  private constructor(settings: Settings, mode: ServerMode, leases: LeaseTable, file: LeaseFile, log: Logger) {
    this.#settings = settings;
    this.#mode = mode;
    this.leases = leases;
    this.#file = file;
    this.#log = log;
  }

  static async open(settings: Settings, mode: ServerMode, log: Logger): Promise<Authority> {
    const excluded = [settings.address, mode.router].flatMap((text) => parseIpv4(text ?? "") ?? []);
    const leases = new LeaseTable({ first: mode.first, last: mode.last, excluded: new Set(excluded) });
    return new Authority(settings, mode, leases, await LeaseFile.open(mode.leaseFile, leases), log);
  }

  /** Undefined: this message gets no answer. A lease is on disk before its ACK leaves. */
  async answer(request: DhcpPacket, client: Client, boot: BootInformation | undefined): Promise<Reply | undefined> {
    const mac = macOf(request);
    if (request.op !== BOOT_REQUEST || mac === undefined || !this.#servesLink(request)) return undefined;
    const now = Date.now();
    const claimed = parseIpv4(client.requestedAddress ?? request.clientAddress) || undefined;
    const us = this.#settings.address;
    switch (client.messageType) {
      case MessageType.DISCOVER: {
        const lease = this.leases.offer({ mac, uuid: client.uuid }, claimed, now);
        if (!lease) this.#log.error({ mac }, "no address is free: make PIXIECORE_DHCP_RANGE larger");
        return lease && this.#grant(request, client, MessageType.OFFER, lease, boot);
      }
      case MessageType.REQUEST: {
        // The client took another server's offer.
        if (client.serverIdentifier !== undefined && client.serverIdentifier !== us) return undefined;
        if (claimed === undefined) return undefined;
        const lease = this.leases.bind({ mac, uuid: client.uuid }, claimed, now, this.#seconds(mac, now) * 1_000);
        if (!lease) return reply(request, client, MessageType.NAK, us);
        await this.#save(lease);
        return this.#grant(request, client, MessageType.ACK, lease, boot);
      }
      // Anybody can send these two in another client's name: a machine that metal-api knows loses nothing by them.
      case MessageType.DECLINE:
        if (client.serverIdentifier === us && claimed && !this.#isConfirmed(mac, now) && this.#mayAbandon(now))
          await this.#save(this.leases.decline(mac, claimed, now));
        return undefined;
      case MessageType.RELEASE:
        if (client.serverIdentifier === us && claimed && !this.#isConfirmed(mac, now))
          await this.#save(this.leases.release(mac, claimed, now));
        return undefined;
      case MessageType.INFORM:
        return reply(request, client, MessageType.ACK, us, { settings: this.#networkSettings(), boot });
      default:
        return undefined;
    }
  }

  /**
   * A client with a lease asks for its boot script, and metal-api has one for it (`planned`) or not. Until then its lease
   * is a trial: whoever floods us with invented MACs holds the addresses for that time only.
   */
  async booting(mac: string, planned: boolean): Promise<void> {
    const now = Date.now();
    const lease = this.leases.ofMac(mac, now);
    if (!lease || this.#isConfirmed(mac, now)) return;
    const seconds = planned ? this.#mode.leaseSeconds : this.#mode.trialSeconds;
    await this.#save(this.leases.bind({ mac }, lease.address, now, seconds * 1_000));
  }

  /** The length of a lease says whether it is a trial, also after a restart. */
  #isConfirmed(mac: string, now: number): boolean {
    const lease = this.leases.ofMac(mac, now);
    return lease !== undefined && lease.ends - lease.starts > this.#mode.trialSeconds * 1_000;
  }

  #seconds(mac: string, now: number): number {
    const { leaseSeconds, trialSeconds } = this.#mode;
    return this.#isConfirmed(mac, now) ? leaseSeconds : Math.min(trialSeconds, leaseSeconds);
  }

  /** Addresses that a stranger declines are a part of the range, never all of it. */
  #mayAbandon(now: number): boolean {
    const abandoned = [...this.leases.all()].filter((lease) => lease.state === "abandoned" && lease.ends > now).length;
    return abandoned < (this.#mode.last - this.#mode.first + 1) / MAX_ABANDONED_PART;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #grant(request: DhcpPacket, client: Client, type: number, lease: Lease, boot: BootInformation | undefined): Reply {
    const seconds = this.#seconds(lease.mac, Date.now());
    const settings: Options = new Map([
      [Option.LEASE_TIME, uint32Value(seconds)],
      // RFC 2131 §4.4.5: half and seven eighths of the lease.
      [Option.RENEWAL_TIME, uint32Value(Math.floor(seconds / 2))],
      [Option.REBINDING_TIME, uint32Value(Math.floor((seconds * 7) / 8))],
      ...this.#networkSettings(),
    ]);
    return reply(request, client, type, this.#settings.address, {
      yourAddress: formatIpv4(lease.address),
      settings,
      boot,
    });
  }

  #networkSettings(): Options {
    const { network } = this.#settings;
    const { router, dns } = this.#mode;
    return new Map([
      [Option.SUBNET_MASK, ipv4Value(formatIpv4(network.mask))],
      [Option.BROADCAST_ADDRESS, ipv4Value(formatIpv4(network.broadcast))],
      ...(router === undefined ? [] : ([[Option.ROUTER, ipv4Value(router)]] as const)),
      ...(dns.length === 0 ? [] : ([[Option.DOMAIN_NAME_SERVER, ipv4Value(...dns)]] as const)),
    ]);
  }

  /** A relay in another network asks for addresses this server does not have. */
  #servesLink(request: DhcpPacket): boolean {
    const { network } = this.#settings;
    if (request.relayAddress === "0.0.0.0") return true;
    return parseIpv4Interface(`${request.relayAddress}/${network.prefixLength}`)?.network === network.network;
  }

  /** A full disk must not stop machines from booting: the table in memory still keeps addresses apart. */
  async #save(lease: Lease | undefined): Promise<void> {
    if (!lease) return;
    await this.#file.save(lease).catch((error: unknown) => {
      this.#log.error(
        { err: error, file: this.#mode.leaseFile },
        "a lease is not on disk and will be lost by a restart",
      );
    });
  }
}
