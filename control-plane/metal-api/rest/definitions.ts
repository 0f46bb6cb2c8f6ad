// Schemas with an $id are definitions: said once and referred to from everywhere, by routes and by the API's document.

type SchemaNode = Record<string, unknown>;
type Define = (definition: SchemaNode) => void;

/** How typebox writes that the keys of a record are any text. As a pattern it would let pass keys with a line break. */
const ANY_KEY = "^.*$";

/**
 * The same schema with each definition in it replaced by a reference. Definitions met for the first time are handed to
 * `define`, themselves with references inside.
 */
export function withReferences(schema: unknown, define: Define): unknown {
  if (Array.isArray(schema)) return schema.map((item) => withReferences(item, define));
  if (typeof schema !== "object" || schema === null) return schema;
  const { $id, "x-required": expected } = schema as SchemaNode;
  if (typeof $id !== "string") return withReferencesInside(schema as SchemaNode, define);
  define(schema as SchemaNode);
  return { $ref: `${$id}#`, ...(expected === undefined ? {} : { "x-required": expected }) };
}

export function withReferencesInside(schema: SchemaNode, define: Define): SchemaNode {
  const entries = Object.entries(schema).map(([key, value]) => {
    const values = key === "patternProperties" ? (value as SchemaNode)[ANY_KEY] : undefined;
    if (values !== undefined) return ["additionalProperties", withReferences(values, define)] as const;
    return [key, withReferences(value, define)] as const;
  });
  return Object.fromEntries(entries);
}
