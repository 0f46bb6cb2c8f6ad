// What the discovery image reports of a machine, in the form it is stored in. Bounded: it runs on a machine that a tenant had.
import type { MachineBIOS, MachineHardware, MachineIPMI, MachineNic as ReportedNic } from "@metal-stack/protocol";
import { EMPTY_IPMI, fruOf, mergeAddress } from "../bmc/rules.ts";
import type { Bios, Hardware, Ipmi, MachineNic, Neighbor } from "../database/documents.ts";

const MAX_ITEMS = 512;
const MAX_TEXT = 256;

export function hardwareOf(reported: MachineHardware): Hardware {
  return {
    memory: amount(reported.memory),
    cpus: reported.cpus.slice(0, MAX_ITEMS).map(({ vendor, model, cores, threads }) => ({
      vendor: text(vendor),
      model: text(model),
      cores,
      threads,
    })),
    gpus: reported.gpus.slice(0, MAX_ITEMS).map(({ vendor, model }) => ({ vendor: text(vendor), model: text(model) })),
    nics: reported.nics.slice(0, MAX_ITEMS).map(nicOf),
    disks: reported.disks.slice(0, MAX_ITEMS).map((disk) => ({
      name: text(disk.name),
      size: amount(disk.size),
      serial: text(disk.serial),
      model: text(disk.model),
      rotational: disk.rotational,
      transport: text(disk.transport),
    })),
  };
}

function nicOf(nic: ReportedNic): MachineNic {
  return { ...endOf(nic), neighbors: nic.neighbors.slice(0, MAX_ITEMS).map(neighborOf) };
}

function neighborOf(neighbor: ReportedNic): Neighbor {
  return { ...endOf(neighbor), hostname: text(neighbor.hostname) };
}

function endOf({ mac, name, identifier }: ReportedNic) {
  return { mac: text(mac).toLowerCase(), name: text(name), identifier: text(identifier) };
}

export function biosOf({ version, vendor, date }: MachineBIOS): Bios {
  return { version: text(version), vendor: text(vendor), date: text(date) };
}

/** The BMC as the machine itself sees it, without its password: what it does not know stays as metal-bmc told it. */
export function ipmiOf(stored: Ipmi | null, reported: MachineIPMI, now: Date): Ipmi {
  const before = stored ?? EMPTY_IPMI;
  return {
    ...before,
    address: mergeAddress(before.address, reported.address) ?? before.address,
    mac: text(reported.mac).toLowerCase() || before.mac,
    user: text(reported.user) || before.user,
    interface: text(reported.interface) || before.interface,
    fru: { ...before.fru, ...fruOf(reported.fru) },
    bmcversion: text(reported.bmcVersion) || before.bmcversion,
    powerstate: text(reported.powerState) || before.powerstate,
    last_updated: now.toISOString(),
  };
}

/** Bytes; JSON numbers are exact up to 9 PB, which is more than one disk or machine has. */
function amount(bytes: bigint): number {
  return Number(bytes > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : bytes);
}

/** PostgreSQL's texts hold no NUL. */
function text(value: string): string {
  return value.replaceAll("\0", "").slice(0, MAX_TEXT);
}
