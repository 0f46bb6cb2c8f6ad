// Turns a request into what is to be allocated: image, size, partition, layout, servers. Reads only.
import type { FirewallCreateRequest } from "@metal-stack/api-schema";
import type { DnsServer, FilesystemLayout, FirewallRules, NtpServer } from "../database/documents.ts";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { ApiError, badRequest, unprocessable } from "../errors.ts";
import { matchLayout } from "../filesystem-layouts/rules.ts";
import { filesystemLayoutById, filesystemLayouts } from "../filesystem-layouts/store.ts";
import { latestImage } from "../images/store.ts";
import { machineById } from "../machines/store.ts";
import { dnsServersProblem, ntpServersProblem } from "../partitions/rules.ts";
import { partitionById } from "../partitions/store.ts";
import { checkImageOfSize } from "../size-image-constraints/store.ts";
import { sizeById } from "../sizes/store.ts";
import { firewallRules } from "./rules-firewall.ts";
import {
  checkContent,
  checkFeature,
  checkTarget,
  type Role,
  type WantedNetwork,
  wantedNetworks,
} from "./rules-request.ts";

export interface Specification {
  readonly role: Role;
  readonly creator: string;
  /** Exactly this machine; undefined: any of the size in the partition. */
  readonly machineId: string | undefined;
  readonly partitionId: string;
  readonly sizeId: string;
  readonly imageId: string;
  readonly layout: FilesystemLayout;
  readonly projectId: string;
  readonly name: string;
  readonly description: string;
  readonly hostname: string;
  readonly sshPublicKeys: readonly string[];
  readonly userData: string;
  readonly tags: readonly string[];
  readonly placementTags: readonly string[];
  readonly networks: readonly WantedNetwork[];
  /** Canonical. */
  readonly ips: readonly string[];
  readonly dnsServers: readonly DnsServer[];
  readonly ntpServers: readonly NtpServer[];
  readonly firewallRules: FirewallRules | null;
}

const DEFAULT_HOSTNAME = "metal";

/** Throws 400 for what the request itself names wrongly, also when that was not found; then 404, 422. */
export async function specify(
  { db, masterdata }: Pick<Context, "db" | "masterdata">,
  request: FirewallCreateRequest,
  role: Role,
  creator: string,
): Promise<Specification> {
  const resolved = await resolveNames(db, request, role);
  const ips = checkContent(request, role, resolved.networks, creator);
  await checkImageOfSize(db, resolved.sizeId, resolved.imageId);
  await masterdata.project(request.projectid!);
  return {
    ...resolved,
    role,
    creator,
    ips,
    layout: await layoutFor(db, request.filesystemlayoutid, resolved.sizeId, resolved.imageId),
    machineId: request.uuid || undefined,
    projectId: request.projectid!,
    name: request.name ?? "",
    description: request.description ?? "",
    hostname: request.hostname || DEFAULT_HOSTNAME,
    sshPublicKeys: request.ssh_pub_keys ?? [],
    userData: request.user_data ?? "",
    tags: request.tags ?? [],
    placementTags: request.placement_tags ?? [],
  };
}

async function resolveNames(db: Db, request: FirewallCreateRequest, role: Role) {
  try {
    const networks = wantedNetworks(request);
    const image = await latestImage(db, request.imageid ?? "");
    const rules = role === "firewall" ? firewallRules(request.firewall_rules) : null;
    checkFeature(image.features, role);
    checkTarget(request);
    const { uuid } = request;
    const machine = uuid
      ? await named(machineById(db, uuid), `uuid given but no machine found with uuid:${uuid}`)
      : undefined;
    const sizeId = machine ? machine.size_id : (request.sizeid ?? "");
    const size = await named(sizeById(db, sizeId), `size:${sizeId} not found`);
    const partitionId = machine ? (machine.partition_id ?? "") : (request.partitionid ?? "");
    const partition = await named(partitionById(db, partitionId), `partition:${partitionId} not found`);
    const dnsServers = given(request.dns_servers) ?? partition.dns_servers;
    const ntpServers = given(request.ntp_servers) ?? partition.ntp_servers;
    const problem = dnsServersProblem([...dnsServers]) ?? ntpServersProblem([...ntpServers]);
    if (problem !== undefined) throw badRequest(problem);
    return {
      networks,
      imageId: image.id,
      sizeId: size.id,
      partitionId: partition.id,
      dnsServers,
      ntpServers,
      firewallRules: rules,
    };
  } catch (error) {
    throw error instanceof ApiError ? badRequest(error.message) : error;
  }
}

/** What was looked for, before why there is none. */
async function named<T>(found: Promise<T>, what: string): Promise<T> {
  try {
    return await found;
  } catch (error) {
    throw error instanceof ApiError ? badRequest(`${what} err:${error.message}`) : error;
  }
}

function given<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list && list.length > 0 ? list : undefined;
}

/** The named layout, or the one made for this size and image. */
async function layoutFor(
  db: Db,
  layoutId: string | undefined,
  sizeId: string,
  imageId: string,
): Promise<FilesystemLayout> {
  const found = layoutId
    ? await filesystemLayoutById(db, layoutId)
    : matchLayout(await filesystemLayouts(db), sizeId, imageId);
  if (!found) throw unprocessable(`could not find a matching filesystemLayout for size:${sizeId} and image:${imageId}`);
  const { version: _, ...layout } = found;
  return layout;
}
