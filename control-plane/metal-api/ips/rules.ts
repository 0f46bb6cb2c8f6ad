// Whose an address is (reference/api-resources.md 8.8). Pure.
import { badRequest } from "../errors.ts";

/** A machine has an address when the address carries a tag with this key and the machine's id. */
const MACHINE_TAG = "machine.metal-stack.io/id";

export type IpType = "static" | "ephemeral";
/** Empty: nobody's. */
export type IpScope = "" | "project" | "machine";

export function machineTag(machineId: string): string {
  return `${MACHINE_TAG}=${machineId}`;
}

/** The machine that a tag names; undefined when it names none. */
export function machineOfTag(tag: string): string | undefined {
  return tag.startsWith(`${MACHINE_TAG}=`) ? tag.slice(MACHINE_TAG.length + 1) : undefined;
}

export function scopeOf(ip: { readonly project_id: string; readonly tags: readonly string[] }): IpScope {
  if (ip.project_id === "") return "";
  return ip.tags.some((tag) => tag.startsWith(MACHINE_TAG)) ? "machine" : "project";
}

/** Tags as they are stored: each once, sorted. */
export function normalisedTags(tags: readonly string[]): string[] {
  return [...new Set(tags)].sort();
}

/** An address that is not asked to be static goes with its machine. */
export function typeOf(wanted: string | undefined): IpType {
  return wanted === "static" ? "static" : "ephemeral";
}

/** What an update may change. Throws 400. */
export function checkUpdate(
  before: { readonly type: IpType; readonly project_id: string; readonly tags: readonly string[] },
  after: { readonly type: string; readonly tags: readonly string[] },
): void {
  if (before.type === "static" && after.type === "ephemeral")
    throw badRequest("cannot change type of ip address from static to ephemeral");
  const [old, changed] = [scopeOf(before), scopeOf({ ...before, tags: after.tags })];
  if (old !== changed && old !== "project" && changed !== "project")
    throw badRequest(`can not use ip of scope ${old} with scope ${changed}`);
}
