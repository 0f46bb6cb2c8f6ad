// The parts of a Swagger 2.0 document that metal-api writes; the generator reads no more than this.

export interface Schema {
  readonly $ref?: string;
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  /** Of the required ones, those that are left out all the same, by requests and answers: the original says so, too. */
  readonly "x-optional"?: readonly string[];
}

export interface Parameter {
  readonly in: "path" | "query" | "header" | "body" | "formData";
  readonly name: string;
  readonly type?: Schema["type"] | "file";
  readonly description?: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly tags: readonly [string];
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly schema?: Schema }>>;
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

const REFERENCE = "#/definitions/";

/** The definition's name that a schema refers to, if it is a reference. */
export const referenceOf = ({ $ref }: Schema): string | undefined => $ref?.replace(REFERENCE, "");
