// Schemas with an $id are definitions: said once and referred to from everywhere, by routes and by the API's document.

type SchemaNode = Record<string, unknown>;

/**
 * The same schema with each definition in it replaced by a reference. Definitions met for the first time are handed to
 * `define`, themselves with references inside.
 */
export function withReferences(schema: unknown, define: (definition: SchemaNode) => void): unknown {
  if (Array.isArray(schema)) return schema.map((item) => withReferences(item, define));
  if (typeof schema !== "object" || schema === null) return schema;
  const { $id } = schema as { $id?: unknown };
  if (typeof $id !== "string") return withReferencesInside(schema as SchemaNode, define);
  define(schema as SchemaNode);
  return { $ref: `${$id}#` };
}

export function withReferencesInside(schema: SchemaNode, define: (definition: SchemaNode) => void): SchemaNode {
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withReferences(value, define)]));
}
