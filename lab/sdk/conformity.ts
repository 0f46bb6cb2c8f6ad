// Whether what the API answers is what its document says, from which the SDK's types are made: nothing that is said is
// missing, nothing is there that is not said, nothing is null.

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly "x-optional"?: readonly string[];
}

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly schema?: Schema }>>;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

/** The operation that a request asks for. @param path below the base path */
export function operationAt({ paths }: Document, method: string, path: string): Operation | undefined {
  const fitting = Object.entries(paths).filter(
    ([pattern, methods]) =>
      methods[method.toLowerCase()] && new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path),
  );
  // What is said in letters goes before what is a parameter.
  const parameters = ([pattern]: (typeof fitting)[number]) => pattern.split("{").length;
  const [first] = fitting.sort((one, other) => parameters(one) - parameters(other));
  return first?.[1][method.toLowerCase()];
}

/** What is not as the schema says, each with its place; nothing when all is. */
export function differences(value: unknown, schema: Schema | undefined, document: Document, at = ""): string[] {
  if (schema === undefined) return value === undefined ? [] : [`${at}: nothing was to be answered`];
  const { $ref, anyOf } = schema;
  if ($ref) return differences(value, document.definitions[$ref.replace("#/definitions/", "")], document, at);
  if (anyOf)
    return anyOf.some((one) => differences(value, one, document, at).length === 0) ? [] : [`${at}: is none of several`];
  if (schema.const !== undefined || schema.enum)
    return (schema.enum ?? [schema.const]).includes(value)
      ? []
      : [`${at}: ${JSON.stringify(value)} is not a value of it`];
  switch (schema.type) {
    case undefined:
      return [];
    case "array":
      return Array.isArray(value)
        ? value.flatMap((item) => differences(item, schema.items, document, `${at}[]`))
        : [`${at}: ${JSON.stringify(value)} is no list`];
    case "object":
      return fieldDifferences(value, schema, document, at);
    case "integer":
      return Number.isInteger(value) ? [] : [`${at}: ${JSON.stringify(value)} is no integer`];
    default:
      return typeof value === schema.type ? [] : [`${at}: ${JSON.stringify(value)} is no ${schema.type}`];
  }
}

function fieldDifferences(value: unknown, schema: Schema, document: Document, at: string): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return [`${at}: ${JSON.stringify(value)} is no object`];
  const { properties = {}, additionalProperties, required = [], "x-optional": optional = [] } = schema;
  const missing = required
    .filter((name) => !optional.includes(name) && !Object.hasOwn(value, name))
    .map((name) => `${at}.${name}: is missing`);
  const wrong = Object.entries(value).flatMap(([name, field]) => {
    const known = properties[name] ?? additionalProperties;
    if (known) return differences(field, known, document, `${at}.${name}`);
    return schema.properties ? [`${at}.${name}: is not in the document`] : [];
  });
  return [...missing, ...wrong];
}
