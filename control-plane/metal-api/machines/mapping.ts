// Machines as REST v1 shows them (reference/machine-lifecycle.md 1.5).
import type { MachineAllocation, MachineIPMI, MachineIPMIResponse, MachineResponse } from "@metal-stack/api-schema";
import type { Selectable } from "kysely";
import type { AllocationRow } from "../allocation/store.ts";
import type { Login } from "../bmc/logins.ts";
import type { Hardware, Ipmi, MachineNic } from "../database/documents.ts";
import type { Schema } from "../database/schema.ts";
import { filesystemLayoutResponse } from "../filesystem-layouts/mapping.ts";
import { imageResponse } from "../images/mapping.ts";
import type { ImageRow } from "../images/store.ts";
import { partitionResponse } from "../partitions/mapping.ts";
import type { PartitionRow } from "../partitions/store.ts";
import type { EventContainer, ProvisioningEvent } from "../provisioning/events.ts";
import { liveliness } from "../provisioning/rules.ts";
import { ZERO_TIME } from "../rest/rules-json.ts";
import { sizeResponse } from "../sizes/mapping.ts";
import type { SizeRow } from "../sizes/store.ts";
import { type AvailabilityFacts, obstacles } from "./rules-availability.ts";
import { shownState } from "./rules-state.ts";
import type { MachineRow } from "./store.ts";

/** What machines refer to, by id; what is not in it is left out of the answer. */
export interface References {
  readonly partitions: ReadonlyMap<string, PartitionRow>;
  readonly sizes: ReadonlyMap<string, SizeRow>;
  readonly images: ReadonlyMap<string, ImageRow>;
  readonly containers: ReadonlyMap<string, EventContainer>;
}

export function machineResponse(machine: MachineRow, references: References, now: Date): MachineResponse {
  const { allocation, state_value: state, disks, waiting_until: waitingUntil } = machine;
  return {
    ...ownResponse(machine),
    ...partitionOf(references.partitions.get(machine.partition_id ?? "")),
    ...sizeOf(machine.size_id, references.sizes.get(machine.size_id)),
    ...(allocation && {
      allocation: { ...allocationResponse(allocation), ...imageOf(references.images.get(allocation.image_id)) },
    }),
    ...livingResponse(
      { allocated: allocation !== null, state, disks, waitingUntil },
      references.containers.get(machine.id),
      now,
    ),
  };
}

/** What only changes when somebody changes the machine: without what it refers to, its allocation and its log. */
export function ownResponse(machine: Selectable<Schema["machines"]>) {
  return {
    id: machine.id,
    name: machine.name,
    description: machine.description,
    rackid: machine.rack_id,
    hardware: hardwareResponse(machine.hardware),
    bios: machine.bios ?? { version: "", vendor: "", date: "" },
    state: {
      value: shownState(machine.state_value),
      description: machine.state_description,
      ...(machine.state_issuer === "" ? {} : { issuer: machine.state_issuer }),
      metal_hammer_version: machine.hammer_version,
    },
    ledstate: { value: machine.led_value, description: machine.led_description },
    tags: machine.tags,
    created: machine.created.toISOString(),
    changed: machine.changed.toISOString(),
  } satisfies Partial<MachineResponse>;
}

/** What time changes, and what the machine says. */
export function livingResponse(
  { waitingUntil, ...facts }: Omit<AvailabilityFacts, "waiting" | "alive"> & { readonly waitingUntil: Date | null },
  container: EventContainer | undefined,
  now: Date,
) {
  const waiting = waitingUntil !== null && waitingUntil > now;
  const alive = liveliness(container, false, now) === "Alive";
  const reasons = obstacles({ ...facts, waiting, alive });
  return {
    liveliness: liveliness(container, facts.allocated, now),
    events: eventsResponse(container),
    ...(reasons.length > 0 ? { reasons } : {}),
  };
}

/** @param login only for those who may use the BMC: the original shows it to every viewer */
export function machineIpmiResponse(
  machine: MachineRow,
  references: References,
  now: Date,
  login: Login | undefined,
): MachineIPMIResponse {
  return { ...machineResponse(machine, references, now), ipmi: ipmiResponse(machine.ipmi, login) };
}

export function partitionOf(partition: PartitionRow | undefined): Pick<MachineResponse, "partition"> {
  return partition ? { partition: partitionResponse(partition) } : {};
}

export function imageOf(image: ImageRow | undefined): Pick<MachineAllocation, "image"> {
  return image ? { image: imageResponse(image) } : {};
}

/** Hardware that fits no size is of a size that nobody made. */
export function sizeOf(sizeId: string, size: SizeRow | undefined): Pick<MachineResponse, "size"> {
  if (size) return { size: sizeResponse(size) };
  if (sizeId !== "unknown") return {};
  return { size: { id: sizeId, name: sizeId, description: sizeId, constraints: [], labels: {} } };
}

function hardwareResponse(hardware: Hardware | null): MachineResponse["hardware"] {
  const { memory, cpus, gpus, disks, nics } = hardware ?? { memory: 0, cpus: [], gpus: [], disks: [], nics: [] };
  return {
    memory,
    cpu_cores: cpus.reduce((sum, cpu) => sum + cpu.cores, 0),
    ...(cpus.length > 0 && {
      cpus: cpus.map(({ vendor = "", model = "", cores, threads }) => ({ vendor, model, cores, threads })),
    }),
    ...(gpus.length > 0 && { gpus: gpus.map(({ vendor = "", model = "" }) => ({ vendor, model })) }),
    disks: disks.map(({ name, size }) => ({ name, size })),
    nics: nics.map(nicResponse),
  };
}

function nicResponse({ mac, name, identifier, neighbors }: MachineNic) {
  return {
    mac,
    name,
    identifier,
    neighbors: neighbors.map(({ mac, name, identifier }) => ({ mac, name, identifier, neighbors: [] })),
  };
}

/** Without its image. */
export function allocationResponse(allocation: AllocationRow): MachineAllocation {
  return {
    allocationuuid: allocation.uuid,
    creator: allocation.creator,
    created: allocation.created.toISOString(),
    name: allocation.name,
    ...(allocation.description === "" ? {} : { description: allocation.description }),
    project: allocation.project_id,
    filesystemlayout: filesystemLayoutResponse(allocation.filesystem_layout),
    networks: allocation.networks.map((network) => ({
      ...network,
      prefixes: [...network.prefixes],
      ips: [...network.ips],
      destinationprefixes: [...network.destinationprefixes],
    })),
    hostname: allocation.hostname,
    ssh_pub_keys: allocation.ssh_pub_keys,
    ...(allocation.user_data === "" ? {} : { user_data: allocation.user_data }),
    succeeded: allocation.succeeded,
    reinstall: allocation.reinstall,
    ...(allocation.boot_info && { boot_info: allocation.boot_info }),
    role: allocation.role,
    // Sealed; see machineAnswer.
    ...(allocation.vpn && { vpn: { ...allocation.vpn, auth_key: "" } }),
    ...(allocation.firewall_rules && allocation.role === "firewall"
      ? {
          firewall_rules: structuredClone(allocation.firewall_rules) as NonNullable<
            MachineAllocation["firewall_rules"]
          >,
        }
      : {}),
    ...(allocation.dns_servers.length > 0 && { dns_servers: [...allocation.dns_servers] }),
    ...(allocation.ntp_servers.length > 0 && { ntp_servers: [...allocation.ntp_servers] }),
  };
}

export function eventsResponse(container: EventContainer | undefined): MachineResponse["events"] {
  return {
    log: (container?.events ?? []).map(eventResponse),
    ...(container?.lastEventTime && { last_event_time: container.lastEventTime.toISOString() }),
    ...(container?.lastErrorEvent && { last_error_event: eventResponse(container.lastErrorEvent) }),
    crash_loop: container?.crashLoop ?? false,
    failed_machine_reclaim: container?.failedMachineReclaim ?? false,
  };
}

function eventResponse({ time, event, message }: ProvisioningEvent) {
  return { time: time.toISOString(), event, message };
}

/** @param ipmi nothing before metal-bmc found it */
export function ipmiResponse(ipmi: Ipmi | null | undefined, login: Login | undefined): MachineIPMI {
  return {
    address: ipmi?.address ?? "",
    mac: ipmi?.mac ?? "",
    user: login?.user ?? ipmi?.user ?? "",
    password: login?.password.reveal() ?? "",
    interface: ipmi?.interface ?? "",
    fru: { ...ipmi?.fru },
    bmcversion: ipmi?.bmcversion ?? "",
    powerstate: ipmi?.powerstate ?? "",
    ...(ipmi?.powermetric && { powermetric: ipmi.powermetric }),
    powersupplies: (ipmi?.powersupplies ?? []).map(({ status }) => ({ status })),
    last_updated: ipmi?.last_updated ?? ZERO_TIME,
  };
}
