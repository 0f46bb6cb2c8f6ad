// Who takes part in what, directly by a membership or inherited through a tenant (reference/platform-services.md 2.5
// "Participation semantics"). Answers are sorted by id; the original's are in random order.
import { create, type MessageShape } from "@bufbuild/protobuf";
import { masterdata } from "@metal-stack/protocol";
import type { Db } from "../database/schema.ts";
import { projectMembers, projects, tenantMembers, tenants } from "../stores.ts";

interface Question {
  readonly tenantId: string;
  /** True when unset. */
  readonly includeInherited?: boolean | undefined;
  readonly namespace: string;
}

type TenantAnswer = MessageShape<typeof masterdata.TenantWithMembershipAnnotationsSchema>;
type ProjectAnswer = MessageShape<typeof masterdata.ProjectWithMembershipAnnotationsSchema>;

const inherited = (question: Question) => question.includeInherited !== false;
const byId = <T>(answers: Map<string, T>) =>
  [...answers.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, answer]) => answer);

async function tenantAnswer(db: Db, answers: Map<string, TenantAnswer>, id: string): Promise<TenantAnswer> {
  let answer = answers.get(id);
  if (!answer) {
    answer = create(masterdata.TenantWithMembershipAnnotationsSchema, { tenant: await tenants.get(db, id) });
    answers.set(id, answer);
  }
  return answer;
}

/** Guests of a tenant, and with inheritance the members of its projects. */
export async function participants(db: Db, question: Question): Promise<TenantAnswer[]> {
  const answers = new Map<string, TenantAnswer>();
  const guests = await tenantMembers.find(db, {
    fields: { tenant_id: question.tenantId, namespace: question.namespace },
  });
  for (const guest of guests.entities)
    (await tenantAnswer(db, answers, guest.memberId)).tenantAnnotations = guest.meta!.annotations;
  if (inherited(question)) {
    for (const project of (await projects.find(db, { fields: { tenant_id: question.tenantId } })).entities) {
      const members = await projectMembers.find(db, {
        fields: { project_id: project.meta!.id, namespace: question.namespace },
      });
      for (const member of members.entities) {
        const answer = await tenantAnswer(db, answers, member.tenantId);
        answer.projectAnnotations = member.meta!.annotations;
        answer.projectIds.push(project.meta!.id);
      }
    }
  }
  return byId(answers);
}

/** Projects a tenant is a member of, and with inheritance all projects of tenants it is a guest of. */
export async function participatedProjects(db: Db, question: Question): Promise<ProjectAnswer[]> {
  const answers = new Map<string, ProjectAnswer>();
  const direct = await projectMembers.find(db, {
    fields: { tenant_id: question.tenantId, namespace: question.namespace },
  });
  for (const member of direct.entities) {
    const project = await projects.get(db, member.projectId);
    answers.set(
      member.projectId,
      create(masterdata.ProjectWithMembershipAnnotationsSchema, {
        project,
        projectAnnotations: member.meta!.annotations,
      }),
    );
  }
  if (inherited(question)) {
    const hosts = await tenantMembers.find(db, {
      fields: { member_id: question.tenantId, namespace: question.namespace },
    });
    for (const host of hosts.entities) {
      for (const project of (await projects.find(db, { fields: { tenant_id: host.tenantId } })).entities) {
        const answer =
          answers.get(project.meta!.id) ?? create(masterdata.ProjectWithMembershipAnnotationsSchema, { project });
        answer.tenantAnnotations = host.meta!.annotations;
        answers.set(project.meta!.id, answer);
      }
    }
  }
  return byId(answers);
}

/** Tenants a tenant is a guest of, and with inheritance the owners of projects it is a member of. */
export async function participatedTenants(db: Db, question: Question): Promise<TenantAnswer[]> {
  const answers = new Map<string, TenantAnswer>();
  const hosts = await tenantMembers.find(db, {
    fields: { member_id: question.tenantId, namespace: question.namespace },
  });
  for (const host of hosts.entities)
    (await tenantAnswer(db, answers, host.tenantId)).tenantAnnotations = host.meta!.annotations;
  if (inherited(question)) {
    const memberships = await projectMembers.find(db, {
      fields: { tenant_id: question.tenantId, namespace: question.namespace },
    });
    for (const member of memberships.entities) {
      const project = await projects.get(db, member.projectId);
      const answer = await tenantAnswer(db, answers, project.tenantId);
      answer.projectAnnotations = member.meta!.annotations;
      answer.projectIds.push(member.projectId);
    }
  }
  return byId(answers);
}
