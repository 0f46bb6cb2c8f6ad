// Who takes part in what, directly by a membership or inherited through a tenant (reference/platform-services.md 2.5
// "Participation semantics"). Answers are sorted by id; the original's are in random order. Annotations of several
// memberships that lead to the same answer are merged, those of the last id win.
import { create, fromJson, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import { masterdata } from "@metal-stack/protocol";
import { sql, type RawBuilder } from "kysely";
import type { Db, Document } from "../database/schema.ts";

interface Question {
  readonly tenantId: string;
  /** True when unset. */
  readonly includeInherited?: boolean | undefined;
  readonly namespace: string;
}

type TenantAnswer = MessageShape<typeof masterdata.TenantWithMembershipAnnotationsSchema>;
type ProjectAnswer = MessageShape<typeof masterdata.ProjectWithMembershipAnnotationsSchema>;

/** One membership that leads to the project or tenant in `document`. */
interface Way {
  readonly id: string;
  readonly document: Document;
  readonly annotations: Record<string, string> | null;
  readonly project_id: string;
}

const ANNOTATIONS = sql`member.document -> 'meta' -> 'annotations' as annotations`;

async function ways(db: Db, namespace: string, query: RawBuilder<Way>): Promise<Way[]> {
  const { rows } = await sql<Way>`${query}
    and coalesce(member.document ->> 'namespace', '') = ${namespace}
    order by id, member.id`.execute(db);
  return rows;
}

const inherited = (question: Question) => question.includeInherited !== false;

/** Answers by the id of their tenant or project. */
class Answers<Answer> {
  readonly #answers = new Map<string, Answer>();
  readonly #empty: (document: Document) => Answer;

  constructor(empty: (document: Document) => Answer) {
    this.#empty = empty;
  }

  add(ways: readonly Way[], merge: (answer: Answer, way: Way) => void): void {
    for (const way of ways) {
      const answer = this.#answers.get(way.id) ?? this.#empty(way.document);
      this.#answers.set(way.id, answer);
      merge(answer, way);
    }
  }

  sorted(): Answer[] {
    return [...this.#answers.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, answer]) => answer);
  }
}

const tenantAnswers = () =>
  new Answers<TenantAnswer>((document) =>
    create(masterdata.TenantWithMembershipAnnotationsSchema, {
      tenant: fromJson(masterdata.TenantSchema, document as JsonValue, { ignoreUnknownFields: true }),
    }),
  );

const mergeTenant = (answer: TenantAnswer | ProjectAnswer, { annotations }: Way) =>
  void Object.assign(answer.tenantAnnotations, annotations);
const mergeProject = (answer: TenantAnswer | ProjectAnswer, { annotations }: Way) =>
  void Object.assign(answer.projectAnnotations, annotations);

/** Guests of a tenant, and with inheritance the members of its projects. */
export async function participants(db: Db, question: Question): Promise<TenantAnswer[]> {
  const { tenantId, namespace } = question;
  const answers = tenantAnswers();
  const guests = sql<Way>`
    select tenant.id, tenant.document, ${ANNOTATIONS} from tenant_members member
    join tenants tenant on tenant.id = member.member_id where member.tenant_id = ${tenantId}`;
  answers.add(await ways(db, namespace, guests), mergeTenant);
  if (inherited(question)) {
    const members = sql<Way>`
      select tenant.id, tenant.document, member.project_id from project_members member
      join projects project on project.id = member.project_id
      join tenants tenant on tenant.id = member.tenant_id where project.tenant_id = ${tenantId}`;
    answers.add(await ways(db, namespace, members), (answer, way) => void answer.projectIds.push(way.project_id));
  }
  return answers.sorted();
}

/** Projects a tenant is a member of, and with inheritance all projects of tenants it is a guest of. */
export async function participatedProjects(db: Db, question: Question): Promise<ProjectAnswer[]> {
  const { tenantId, namespace } = question;
  const answers = new Answers<ProjectAnswer>((document) =>
    create(masterdata.ProjectWithMembershipAnnotationsSchema, {
      project: fromJson(masterdata.ProjectSchema, document as JsonValue, { ignoreUnknownFields: true }),
    }),
  );
  const direct = sql<Way>`
    select project.id, project.document, ${ANNOTATIONS} from project_members member
    join projects project on project.id = member.project_id where member.tenant_id = ${tenantId}`;
  answers.add(await ways(db, namespace, direct), mergeProject);
  if (inherited(question)) {
    const hosted = sql<Way>`
      select project.id, project.document, ${ANNOTATIONS} from tenant_members member
      join projects project on project.tenant_id = member.tenant_id where member.member_id = ${tenantId}`;
    answers.add(await ways(db, namespace, hosted), mergeTenant);
  }
  return answers.sorted();
}

/** Tenants a tenant is a guest of, and with inheritance the owners of projects it is a member of. */
export async function participatedTenants(db: Db, question: Question): Promise<TenantAnswer[]> {
  const { tenantId, namespace } = question;
  const answers = tenantAnswers();
  const hosts = sql<Way>`
    select tenant.id, tenant.document, ${ANNOTATIONS} from tenant_members member
    join tenants tenant on tenant.id = member.tenant_id where member.member_id = ${tenantId}`;
  answers.add(await ways(db, namespace, hosts), mergeTenant);
  if (inherited(question)) {
    const owners = sql<Way>`
      select tenant.id, tenant.document, ${ANNOTATIONS} from project_members member
      join projects project on project.id = member.project_id
      join tenants tenant on tenant.id = project.tenant_id where member.tenant_id = ${tenantId}`;
    answers.add(await ways(db, namespace, owners), mergeProject);
  }
  return answers.sorted();
}
