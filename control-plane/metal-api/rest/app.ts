// What routes are written against: fastify with types from the schemas, a user, and a role that every route declares.
import type { FastifyInstance, FastifyTypeProvider, RawServerDefault } from "fastify";
import type { FastifyBaseLogger } from "fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Static, TSchema } from "typebox";
import type { Context } from "../context.ts";
import type { Member } from "../members/member.ts";
import type { Role } from "./rules-roles.ts";
import type { StructReader } from "./rules-structs.ts";

interface TypeBoxProvider extends FastifyTypeProvider {
  readonly validator: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
  readonly serializer: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxProvider
>;

/** The REST side of one noun: registers its routes, below the base path. */
export type RouteModule = (app: App, context: Context) => void;

/** Who asks. The guest, who sent no credentials, has no tenant and no groups. */
export interface User {
  readonly email: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly tenant: string;
  /** Of a token: who issued it, and whom the issuer means. */
  readonly issuer?: string;
  readonly subject?: string;
  /** As masterdata knows it, when memberships there say what it may do. */
  readonly member?: { readonly id: string; readonly namespace: string };
}

declare module "fastify" {
  interface FastifyRequest {
    user: User;
    /** Whether the transaction of the request has put its result on record already. */
    onRecord: boolean;
    /** Undefined: what it may do does not depend on projects. */
    member: Member | undefined;
  }
  interface FastifyContextConfig {
    /** Who may call; a route without it is refused at start. */
    role?: Role;
    /** The document says that there is a body; nobody looks at it. */
    emptyBody?: boolean;
    /** POST and PUT normally demand application/json, also without a body. */
    anyContentType?: boolean;
    /** Made of the body's schema. */
    readBody?: StructReader;
  }
}
