// Whether answers are what the API's document says, as a strict client sees it.
import { Compile } from "typebox/schema";
import type { Document, FuzzRequest, Schema } from "./fuzz-requests.ts";

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** @returns what is wrong with a successful answer; undefined for nothing, and for requests that met another operation */
export type AnswerCheck = (request: FuzzRequest, answer: Answer) => string | undefined;

/**
 * What the document calls required and the original leaves out may be absent; null is absent, as for Go's clients; and
 * enums are well-known values, not all there may be (reference/api-resources.md traps 4 to 6).
 */
export function answerCheck(document: Document): AnswerCheck {
  const definitions = Object.fromEntries(
    Object.entries(document.definitions).map(([name, schema]) => [name, strict(schema)]),
  );
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, responses }]) => {
      const answers = Object.entries(responses).map(([status, { schema } = {}]) => {
        const check = schema && Compile({ definitions, ...strict(schema) });
        return [Number(status), check] as const;
      });
      const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/?]+")}(\\?|$)`);
      return [operationId, { pattern, method: method.toUpperCase(), answers: new Map(answers) }] as const;
    }),
  );
  const known = new Map(operations);
  return (request, { status, text }) => {
    const { pattern, method, answers } = known.get(request.operation)!;
    if (request.method !== method || !pattern.test(request.path)) return undefined;
    if (!answers.has(status)) return `the status ${status} is not declared`;
    const check = answers.get(status);
    if (!check) return text === "" ? undefined : `a body that is not declared: ${text.slice(0, 100)}`;
    const answer: unknown = JSON.parse(text, (_, value: unknown) => value ?? undefined) ?? [];
    if (check.Check(answer)) return undefined;
    const [, [problem]] = check.Errors(answer);
    return `the answer's ${problem?.instancePath} ${problem?.message}: ${text.slice(0, 500)}`;
  };
}

function strict({ required, "x-optional": optional = [], enum: _wellKnown, ...schema }: Schema): Schema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, one]) => [name, strict(one)] as const);
  return {
    ...schema,
    ...(schema.properties && { properties: Object.fromEntries(properties) }),
    ...(schema.items && { items: strict(schema.items) }),
    ...(required && { required: required.filter((name) => !optional.includes(name)) }),
  };
}
