// What a request for a machine or firewall must look like before anybody looks for one: order and texts of
// reference/machine-lifecycle.md 3.2, 3.3 and 11.4. Pure.
import type { FirewallCreateRequest } from "@metal-stack/api-schema";
import { formatAddress, parseAddress } from "@metal-stack/ipam";
import { badRequest, unprocessable } from "../errors.ts";
import { sshKeyProblem } from "./rules-ssh.ts";

export type Role = "machine" | "firewall";

export interface WantedNetwork {
  readonly networkId: string;
  readonly autoAcquire: boolean;
}

/** The networks as asked for; an address is acquired unless the request says otherwise. Throws 400. */
export function wantedNetworks(request: FirewallCreateRequest): WantedNetwork[] {
  const networks = request.networks ?? [];
  if (request.networks === undefined) throw badRequest("network ids cannot be nil");
  if (networks.length === 0) throw badRequest("network ids cannot be empty");
  return networks.map(({ networkid, autoacquire }) => ({ networkId: networkid, autoAcquire: autoacquire ?? true }));
}

/** Throws 400 when the image was not made for this use. */
export function checkFeature(features: readonly string[], role: Role): void {
  if (!features.includes(role))
    throw badRequest(`given image is not usable for a ${role}, features: ${features.join(", ")}`);
}

/** Which machine, or which size where. Throws 400. */
export function checkTarget(request: FirewallCreateRequest): void {
  if (request.uuid) return;
  if (!request.partitionid) throw badRequest("when no machine id is given, a partition id must be specified");
  if (!request.sizeid) throw badRequest("when no machine id is given, a size id must be specified");
}

/** Checks the rest of a request, and returns its addresses in canonical text. Throws 422. */
export function checkContent(
  request: FirewallCreateRequest,
  role: Role,
  networks: readonly WantedNetwork[],
  creator: string,
): string[] {
  if (!request.projectid) throw unprocessable("project id must be specified");
  if (creator === "") throw unprocessable("creator should be specified");
  const ips = (request.ips ?? []).map((ip) => {
    const address = parseAddress(ip);
    if (!address) throw unprocessable(`"${ip}" is not a valid IP address`);
    return formatAddress(address);
  });
  for (const key of request.ssh_pub_keys ?? []) {
    const problem = sshKeyProblem(key);
    if (problem !== undefined) throw unprocessable(`invalid public SSH key: ${key} error:${problem}`);
  }
  const automatic = networks.filter(({ autoAcquire }) => autoAcquire).length;
  if (role === "firewall" && ips.length === 0 && automatic === 0)
    throw unprocessable("when no ip is given at least one auto acquire network must be specified");
  if (networks.length - automatic > ips.length)
    throw unprocessable("missing ip(s) for network(s) without automatic ip allocation");
  return ips;
}
