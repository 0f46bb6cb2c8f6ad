// TypeScript types of the document's definitions. What answers always hold, but requests may leave out, makes two types
// of one definition: `MachineState` as answers have it, `MachineStateInput` as requests may.
import { type ApiDocument, reachedFrom, referenceOf, type Schema } from "./document.ts";

export class Types {
  readonly #document: ApiDocument;
  readonly #inAnswers: ReadonlySet<string>;
  readonly #inRequests: ReadonlySet<string>;

  constructor(document: ApiDocument) {
    this.#document = document;
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    this.#inAnswers = reachedFrom(
      operations.map(({ responses }) => responses),
      document,
    );
    this.#inRequests = reachedFrom(
      operations.map(({ parameters }) => parameters ?? []),
      document,
    );
  }

  /** The source of all types, in the document's order. */
  source(): string {
    return Object.entries(this.#document.definitions)
      .flatMap(([name, schema]) => [
        this.#declaration(name, schema, !this.#inAnswers.has(name) && this.#inRequests.has(name)),
        ...(this.#differs(name) ? [this.#declaration(name, schema, true, "Input")] : []),
      ])
      .join("\n");
  }

  /** @param input true for what is sent, false for what is answered */
  typeOf(schema: Schema, input: boolean): string {
    const reference = referenceOf(schema);
    if (reference !== undefined) return typeName(reference) + (input && this.#differs(reference) ? "Input" : "");
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.anyOf) return schema.anyOf.map((one) => this.typeOf(one, input)).join(" | ");
    if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
    switch (schema.type) {
      case "string":
      case "boolean":
        return schema.type;
      case "integer":
      case "number":
        return "number";
      case "array":
        return `Array<${this.typeOf(schema.items!, input)}>`;
      case "object":
        if (schema.properties) return this.#fields(schema, input);
        return `Record<string, ${schema.additionalProperties ? this.typeOf(schema.additionalProperties, input) : "unknown"}>`;
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

  /** Whether a definition is sent in another form than it is answered. */
  #differs(name: string): boolean {
    if (!this.#inAnswers.has(name) || !this.#inRequests.has(name)) return false;
    const schema = this.definition(name);
    return [name, ...reachedFrom(schema, this.#document)].some((one) => this.definition(one)["x-optional"]);
  }

  #declaration(name: string, schema: Schema, input: boolean, suffix = ""): string {
    const comment = `/** ${name}${suffix === "" ? "" : ", as requests may have it"} */\n`;
    const own = typeName(name) + suffix;
    if (schema.type !== "object" || !schema.properties)
      return `${comment}export type ${own} = ${this.typeOf(schema, input)};\n`;
    if (Object.keys(schema.properties).length === 0) return `${comment}export type ${own} = Record<string, never>;\n`;
    return `${comment}export interface ${own} ${this.#fields(schema, input)}\n`;
  }

  #fields({ properties = {}, required = [], "x-optional": optional = [] }: Schema, input: boolean): string {
    const fields = Object.entries(properties).map(([name, schema]) => {
      const always = required.includes(name) && !(input && optional.includes(name));
      return `${commentOf(schema.description)}  ${keyOf(name)}${always ? "" : "?"}: ${this.typeOf(schema, input)};\n`;
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
