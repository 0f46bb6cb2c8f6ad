// Bodies as Go reads JSON into its structs (reference/api-resources.md 2.3): names of fields in any case, and a field that
// should be there and is not has the zero value of its type, because Go clients send null for what nobody set. What must
// not be zero is refused by its schema or its rules.

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  /** Of a record. */
  readonly patternProperties?: Readonly<Record<string, Schema>>;
}

/** Undefined in, zero value out. What is of another type is left as it is. */
export type StructReader = (value: unknown) => unknown;

type Fields = Record<string, unknown>;

const ZEROS: Readonly<Record<string, unknown>> = { string: "", integer: 0, number: 0, boolean: false };

/** How bodies of this JSON Schema are read. */
export function structReader(schema: Schema): StructReader {
  const { type = "", properties, required = [], items = {}, patternProperties = {} } = schema;
  if (type === "array") return listReader(structReader(items));
  if (properties) return fieldsReader(properties, required);
  if (type === "object") return recordReader(structReader(Object.values(patternProperties)[0] ?? {}));
  return (value = ZEROS[type]) => value;
}

function listReader(read: StructReader): StructReader {
  return (value = []) => (Array.isArray(value) ? Array.from(value, read) : value);
}

function recordReader(read: StructReader): StructReader {
  return (value = {}) =>
    isFields(value) ? Object.fromEntries(Object.entries(value).map(([key, field]) => [key, read(field)])) : value;
}

function fieldsReader(properties: Readonly<Record<string, Schema>>, required: readonly string[]): StructReader {
  const readers = new Map(Object.entries(properties).map(([name, schema]) => [name, structReader(schema)]));
  const names = new Map([...readers.keys()].map((name) => [name.toLowerCase(), name]));
  return (value = {}) => {
    if (!isFields(value)) return value;
    const fields: Fields = {};
    for (const [key, field] of Object.entries(value)) {
      const name = readers.has(key) ? key : (names.get(key.toLowerCase()) ?? key);
      const read = readers.get(name);
      fields[name] = read ? read(field) : field;
    }
    for (const name of required) fields[name] ??= readers.get(name)?.(undefined);
    return fields;
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
