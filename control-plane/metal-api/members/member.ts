// Somebody who may do what a project's members may, and nothing else.
import type { FastifyRequest } from "fastify";
import { forbidden } from "../errors.ts";
import type { Masterdata } from "../masterdata.ts";
import type { User } from "../rest/app.ts";
import { groupsOf } from "../rest/rules-roles.ts";
import { type MemberRole, rolesOf } from "./rules-roles.ts";

export class Member {
  /** By project id; never empty. */
  readonly roles: ReadonlyMap<string, MemberRole>;
  /** Whether the answer tells only of what belongs to these projects, or to everybody. */
  narrowed = false;

  constructor(roles: ReadonlyMap<string, MemberRole>) {
    this.roles = roles;
  }
}

/**
 * Asked each time, so that whoever is no member any more is none at once. Undefined for admins, and for users of issuers that
 * do not go by memberships. Throws 403 for a member of nothing, 500 when masterdata is away.
 */
export async function memberOf({ member, groups }: User, masterdata: Masterdata): Promise<Member | undefined> {
  if (member === undefined || groupsOf("admin").some((group) => groups.includes(group))) return undefined;
  const roles = rolesOf(member.id === "" ? [] : await masterdata.memberships(member.id, member.namespace));
  if (roles.size === 0) throw forbidden(`"${member.id}" is not a member of any project`);
  return new Member(roles);
}

/** The projects that a list may tell of; undefined: of all. Every operation that lists must ask. */
export function projectsInSight({ member }: Pick<FastifyRequest, "member">): readonly string[] | undefined {
  if (member === undefined) return undefined;
  member.narrowed = true;
  return [...member.roles.keys()];
}

/** For what may have got another owner since the request was let in. */
export function isStillOf({ member }: Pick<FastifyRequest, "member">, projectId: string): boolean {
  return member === undefined || member.roles.has(projectId);
}
