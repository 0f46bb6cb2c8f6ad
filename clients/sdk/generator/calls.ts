// The calls of the client: their signatures, and the table that says how each becomes a request.
import { type ApiDocument, type Operation, type Parameter, referenceOf } from "./document.ts";
import { exampleOf, type Paragraphs } from "./examples.ts";
import { callName, groupName, nounOf } from "./names.ts";
import { capital, commentOf, keyOf, Types } from "./types.ts";

/** How the client makes a request of a call's arguments; see src/call.ts. */
interface Entry {
  readonly method: string;
  readonly path: string;
  readonly query?: readonly string[];
  readonly headers?: readonly string[];
  readonly form?: string;
  readonly fills?: string;
  readonly input?: true;
}

interface Call {
  readonly name: string;
  /** What it does, in a sentence. */
  readonly says: string;
  /** Without its comment. */
  readonly signature: string;
  readonly entry: Entry;
}

/** What the API makes only of a machine in a state: the first argument is the machine, and fills path and body. */
interface Stated {
  /** The call's name, when it is one of two of the same operation. */
  readonly name?: string;
  /** A type of src/machine-states.ts. */
  readonly machine?: string;
  /** The field of the body that the machine's id fills. */
  readonly fills?: string;
  /** Fields of the body that follow from the machine, or make it another call. */
  readonly without?: readonly string[];
  /** Fields without which the call has no chance. */
  readonly demands?: readonly string[];
  /** The state in which the call leaves the machine that it answers: a type of src/machine-states.ts. */
  readonly answers?: string;
}

const ALLOCATED = "AllocatedMachine";
const PREPARING = "PreparingMachine";
const ANY_MACHINE: Stated = {
  without: ["uuid"],
  demands: ["projectid", "partitionid", "sizeid", "imageid"],
  answers: ALLOCATED,
};
const THIS_MACHINE: Stated = {
  name: "allocateSpecific",
  machine: "WaitingMachine",
  fills: "uuid",
  without: ["partitionid", "sizeid"],
  demands: ["projectid", "imageid"],
  answers: ALLOCATED,
};
const STATED: Readonly<Record<string, readonly Stated[]>> = {
  allocateMachine: [ANY_MACHINE, THIS_MACHINE],
  allocateFirewall: [ANY_MACHINE, THIS_MACHINE],
  freeMachine: [{ machine: ALLOCATED, answers: PREPARING }],
  updateMachine: [{ machine: ALLOCATED, fills: "id", answers: ALLOCATED }],
  reinstallMachine: [{ machine: ALLOCATED, fills: "id", demands: ["imageid"], answers: ALLOCATED }],
  getMachineConsolePassword: [{ machine: ALLOCATED, fills: "id", demands: ["reason"] }],
  retryMachineErase: [{ machine: PREPARING }],
  overrideMachineErase: [{ machine: PREPARING }],
  deleteMachine: [{ machine: "SilentMachine" }],
};

/** The types of src/machine-states.ts that signatures name. */
export const STATE_TYPES: readonly string[] = [
  ...new Set(
    Object.values(STATED)
      .flat()
      .flatMap(({ machine, answers }) => [machine ?? [], answers ?? []].flat()),
  ),
].sort();

export interface Group {
  readonly name: string;
  readonly calls: readonly Call[];
}

/** Nouns are beside the client's own calls by method and path. */
const RESERVED = ["request", "get", "post", "put", "delete"];

/** @throws Error when a noun hides a call of the client's own */
export function groupsOf(document: ApiDocument): Group[] {
  const types = new Types(document);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  return [...Map.groupBy(operations, ({ operation }) => operation.tags[0])].map(([tag, members]) => {
    const noun = nounOf(
      tag,
      members.map(({ operation }) => operation),
    );
    const names = new Set<string>();
    const calls = members.flatMap(({ path, method, operation }) =>
      (STATED[operation.operationId] ?? [{}]).map((stated) => {
        const short = stated.name ?? callName(operation.operationId, noun);
        const name = names.has(short) ? operation.operationId : short;
        names.add(name);
        return callOf(types, name, path, method, operation, stated);
      }),
    );
    const name = groupName(noun);
    if (RESERVED.includes(name)) throw new Error(`the tag ${tag} hides a call of the client: choose another`);
    return { name, calls };
  });
}

function callOf(
  types: Types,
  name: string,
  path: string,
  method: string,
  { operationId, summary, parameters = [], responses }: Operation,
  stated: Stated,
): Call {
  const at = (place: Parameter["in"]) => parameters.filter((parameter) => parameter.in === place);
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter!);
  const first = stated.machine ? [`machine: ${stated.machine}`] : [];
  const rest = inPath.slice(first.length).map((parameter) => `${parameter}: string`);
  const input = inputOf(types, parameters, stated);
  const answers = Object.entries(responses).flatMap(([status, { schema }]) =>
    status.startsWith("2") ? [stated.answers ?? (schema ? types.typeOf(schema) : "void")] : [],
  );
  const given = [...first, ...rest, ...(input ? [input] : []), "options?: CallOptions"];
  const entry: Entry = {
    method,
    path,
    ...listed(
      "query",
      at("query").map((parameter) => parameter.name),
    ),
    ...listed(
      "headers",
      at("header").map((parameter) => parameter.name),
    ),
    ...(at("formData")[0] ? { form: at("formData")[0]!.name } : {}),
    ...(stated.fills ? { fills: stated.fills } : {}),
    ...(input === undefined ? {} : ({ input: true } as const)),
  };
  return {
    name,
    says: `${summary ?? operationId}. ${operationId}: ${method} ${path}`,
    signature: `  ${name}(${given.join(", ")}): Promise<${[...new Set(answers)].join(" | ")}>;\n`,
    entry,
  };
}

const listed = (key: "query" | "headers", names: readonly string[]) => (names.length > 0 ? { [key]: names } : {});

/** Query, headers, form and body in one argument; none when there is nothing to say. */
function inputOf(types: Types, parameters: readonly Parameter[], stated: Stated): string | undefined {
  const beside = parameters.filter(({ in: place }) => ["query", "header", "formData"].includes(place));
  const fields = beside.map(({ name, type, description, required }) => {
    const value = type === "file" ? "Blob" : types.typeOf({ type: type! });
    return `${commentOf(description).trimStart()}${keyOf(name)}${required ? "" : "?"}: ${value}`;
  });
  const body = parameters.flatMap(({ schema }) => (schema ? [schema] : []))[0];
  const definition = body && referenceOf(body);
  if (body && definition === undefined) throw new Error("a body must be a definition");
  const names = definition === undefined ? [] : Object.keys(types.definition(definition).properties ?? {});
  const clash = names.find((name) => beside.some((parameter) => parameter.name === name));
  if (clash) throw new Error(`${definition}: ${clash} is in the body and beside it`);
  const { demands = [], without = [], fills } = stated;
  const left = [...without, ...(fills ? [fills] : [])];
  const demanded = definition === undefined ? [] : [...types.demanded(definition), ...demands];
  const optional = !beside.some(({ required }) => required) && demanded.every((name) => left.includes(name));
  const parts = [
    ...(fields.length > 0 ? [`{\n${fields.join(";\n")} }`] : []),
    ...(names.length > 0 ? [narrowed(types.typeOf(body!), left, demands)] : []),
  ];
  return parts.length === 0 ? undefined : `input${optional ? "?" : ""}: ${parts.join(" & ")}`;
}

function narrowed(type: string, left: readonly string[], demands: readonly string[]): string {
  const union = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(" | ");
  const shorter = left.length > 0 ? `Omit<${type}, ${union(left)}>` : type;
  return demands.length > 0 ? `${shorter} & Required<Pick<${type}, ${union(demands)}>>` : shorter;
}

export function signaturesOf(groups: readonly Group[], paragraphs: Paragraphs): string {
  const interfaces = groups.map(({ name, calls }) => {
    const documented = calls.map(
      (call) => documentationOf(call.says, exampleOf(paragraphs, name, call.name)) + call.signature,
    );
    return `export interface ${capital(name)}Calls {\n${documented.join("\n")}}\n`;
  });
  const all = groups.map(({ name }) => `  readonly ${name}: ${capital(name)}Calls;\n`).join("");
  return `${interfaces.join("\n")}\n/** Every operation of the API, by its noun. */\nexport interface Operations {\n${all}}\n`;
}

function documentationOf(says: string, example: string): string {
  const lines = [says, "@example", "```ts", ...example.split("\n"), "```"];
  return `  /**\n${lines.map((line) => `   * ${line.replaceAll("*/", "* /")}`.trimEnd()).join("\n")}\n   */\n`;
}

/** One line an operation, so that a change of the API is a line in a difference. */
export function tableOf(groups: readonly Group[]): string {
  const lines = groups.map(
    ({ name, calls }) =>
      `  ${name}: {\n${calls.map((call) => `    ${call.name}: ${JSON.stringify(call.entry)},\n`).join("")}  },\n`,
  );
  return `export const OPERATIONS: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {\n${lines.join("")}};\n`;
}
