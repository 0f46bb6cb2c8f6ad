// TypeScript types of the document's definitions.
import { type ApiDocument, referenceOf, type Schema } from "./document.ts";

export class Types {
  readonly #document: ApiDocument;

  constructor(document: ApiDocument) {
    this.#document = document;
  }

  /** The source of all types, in the document's order. */
  source(): string {
    return Object.entries(this.#document.definitions)
      .map(([name, schema]) => this.#declaration(name, schema))
      .join("\n");
  }

  typeOf(schema: Schema): string {
    const reference = referenceOf(schema);
    if (reference !== undefined) return typeName(reference);
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.anyOf) return schema.anyOf.map((one) => this.typeOf(one)).join(" | ");
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    switch (schema.type) {
      case "string":
      case "boolean":
        return schema.type;
      case "integer":
      case "number":
        return "number";
      case "array":
        return `Array<${this.typeOf(schema.items!)}>`;
      case "object":
        if (schema.properties) return this.#fields(schema);
        return `Record<string, ${schema.additionalProperties ? this.typeOf(schema.additionalProperties) : "unknown"}>`;
      default:
        if (Object.keys(schema).every((key) => key === "description")) return "unknown";
        throw new Error(`the generator does not know what this is: ${JSON.stringify(schema)}`);
    }
  }

  /** Names of the fields that a request must have. */
  demanded(definition: string): string[] {
    const { required = [], "x-optional": optional = [] } = this.definition(definition);
    return required.filter((name) => !optional.includes(name));
  }

  definition(name: string): Schema {
    const schema = this.#document.definitions[name];
    if (!schema) throw new Error(`the document refers to ${name}, and does not define it`);
    return schema;
  }

  #declaration(name: string, schema: Schema): string {
    const comment = `/** ${name} */\n`;
    const own = typeName(name);
    if (schema.type !== "object" || !schema.properties)
      return `${comment}export type ${own} = ${this.typeOf(schema)};\n`;
    if (Object.keys(schema.properties).length === 0) return `${comment}export type ${own} = Record<string, never>;\n`;
    return `${comment}export interface ${own} ${this.#fields(schema)}\n`;
  }

  #fields({ properties = {}, required = [], "x-optional": optional = [] }: Schema): string {
    const fields = Object.entries(properties).map(([name, schema]) => {
      const always = required.includes(name) && !optional.includes(name);
      return `${commentOf(schema.description)}  ${keyOf(name)}${always ? "" : "?"}: ${this.typeOf(schema)};\n`;
    });
    return `{\n${fields.join("")}}`;
  }
}

/** "v1.MachineResponse" is MachineResponse, "rest.version" is RestVersion. */
export function typeName(definition: string): string {
  const [prefix, name] = definition.split(".") as [string, string];
  return prefix === "v1" ? capital(name) : capital(prefix) + capital(name);
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const commentOf = (text: string | undefined): string =>
  text === undefined ? "" : `  /** ${text.replaceAll("*/", "* /")} */\n`;

export const keyOf = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
