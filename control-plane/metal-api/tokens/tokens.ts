// Bearer tokens: which issuer's one is, whether it holds, and whom it makes of its bearer (reference/api-resources.md 4.2).
import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import { forbidden } from "../errors.ts";
import type { Masterdata } from "../masterdata.ts";
import type { User } from "../rest/app.ts";
import { groupsOf } from "../rest/rules-roles.ts";
import { IssuerKeys } from "./keys.ts";
import { directoryOf, groupsIn } from "./rules-groups.ts";
import type { Issuer, TokenSettings } from "./settings.ts";

/** Only asymmetric ones: the keys are public. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"];
/** Seconds that clocks may differ. */
const CLOCK_TOLERANCE = 30;
const MAX_TOKEN_LENGTH = 16 * 1024;
/** Before masterdata is asked again after it did not answer. */
const RETRY_MS = 30_000;

interface Known {
  readonly issuer: Issuer;
  readonly keys: IssuerKeys;
}

export class Tokens {
  readonly #settings: TokenSettings;
  readonly #providerTenant: string;
  readonly #masterdata: Masterdata;
  readonly #configured: readonly Known[];
  #ofTenant: Known | undefined;
  #asked: Promise<void> | undefined;
  #askAgain = 0;

  constructor(settings: TokenSettings, providerTenant: string, masterdata: Masterdata) {
    this.#settings = settings;
    this.#providerTenant = providerTenant;
    this.#masterdata = masterdata;
    this.#configured = settings.issuers.map(known);
  }

  /** @throws 403 that says what is wrong with the token */
  async userOf(token: string, now: Date): Promise<User> {
    const { issuer, keys } = await this.#issuerOf(token);
    const checks = {
      issuer: issuer.issuer,
      audience: issuer.clientId,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE,
      requiredClaims: ["exp", "sub"],
      currentDate: now,
    };
    const payload = await jwtVerify(token, keys.get, checks).then(
      (verified) => verified.payload,
      (error: unknown) => {
        throw forbidden(refusalFor(error, issuer));
      },
    );
    return this.#user(payload, issuer);
  }

  async #issuerOf(token: string): Promise<Known> {
    if (token.length > MAX_TOKEN_LENGTH) throw forbidden(`the token is longer than ${MAX_TOKEN_LENGTH} characters`);
    let claims: JWTPayload;
    try {
      claims = decodeJwt(token);
    } catch {
      throw forbidden("the bearer token is not a JSON Web Token");
    }
    const { iss, aud = [] } = claims;
    const fits = ({ issuer }: Known) => issuer.issuer === iss && [aud].flat().includes(issuer.clientId);
    const found = this.#configured.find(fits) ?? (await this.#issuersOfTenant()).find(fits);
    if (!found) throw forbidden("tokens of this issuer for this audience are not accepted here");
    return found;
  }

  /** The provider tenant's own issuer, as masterdata knows it; kept while masterdata is away. */
  async #issuersOfTenant(): Promise<readonly Known[]> {
    if (performance.now() >= this.#askAgain) await (this.#asked ??= this.#ask());
    return this.#ofTenant ? [this.#ofTenant] : [];
  }

  async #ask(): Promise<void> {
    try {
      const { tenant } = await this.#masterdata.tenants.get({ id: this.#providerTenant });
      const { issuerConfig, idmConfig } = tenant?.iamConfig ?? {};
      this.#ofTenant = this.#renewed(issuerConfig, idmConfig?.idmType ?? "");
      this.#askAgain = performance.now() + this.#settings.masterdataIntervalMs;
    } catch {
      this.#askAgain = performance.now() + RETRY_MS;
    } finally {
      this.#asked = undefined;
    }
  }

  #renewed(config: { url: string; clientId: string } | undefined, idmType: string): Known | undefined {
    const directory = directoryOf(idmType);
    if (!config?.url || !config.clientId || directory === undefined) return undefined;
    const { url: issuer, clientId } = config;
    const old = this.#ofTenant?.issuer;
    if (old?.issuer === issuer && old.clientId === clientId && old.directory === directory) return this.#ofTenant;
    return known({ issuer, clientId, tenant: this.#providerTenant, directory, roles: {} });
  }

  #user(payload: JWTPayload, issuer: Issuer): User {
    const claimed = issuer.directory === "connector" ? connectorOf(payload) : issuer;
    const directory = directoryOf(claimed.directory);
    if (claimed.tenant === undefined || directory === undefined)
      throw forbidden("the token does not say from which tenant's directory its bearer is");
    const groups = texts(payload["roles"]).length > 0 ? texts(payload["roles"]) : texts(payload["groups"]);
    const mapped = groups.flatMap((group) =>
      Object.hasOwn(issuer.roles, group) ? groupsOf(issuer.roles[group]!) : [],
    );
    return {
      email: text(payload["email"]),
      name: text(payload["preferred_username"]) || text(payload["name"]),
      groups: [...groupsIn(directory, groups, claimed.tenant, this.#providerTenant), ...mapped],
      tenant: claimed.tenant,
      issuer: issuer.issuer,
      subject: payload.sub!,
      ...(issuer.members && {
        member: { id: text(payload[issuer.members.claim]), namespace: issuer.members.namespace },
      }),
    };
  }
}

const known = (issuer: Issuer): Known => ({ issuer, keys: new IssuerKeys(issuer) });
const text = (claim: unknown): string => (typeof claim === "string" ? claim : "");
const texts = (claim: unknown): string[] => [claim].flat().filter((one) => typeof one === "string");

/** dex names the connector `<tenant>_<directory>`. */
function connectorOf(payload: JWTPayload): { tenant: string | undefined; directory: string } {
  const { connector_id: connector } = (payload["federated_claims"] ?? {}) as { connector_id?: unknown };
  const [tenant, directory = ""] = text(connector).split("_");
  return { tenant: tenant || undefined, directory };
}

function refusalFor(error: unknown, { issuer, clientId }: Issuer): string {
  if (error instanceof errors.JWTExpired) return "the token has expired: log in again";
  if (error instanceof errors.JWTClaimValidationFailed)
    return `the token's claim ${error.claim} is not accepted here (client ${clientId} of ${issuer}): ${error.message}`;
  if (error instanceof errors.JWKSNoMatchingKey) return `the token is signed with a key that ${issuer} does not know`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the token's signature is wrong";
  if (error instanceof errors.JOSEAlgNotAllowed) return `the token must be signed with one of ${ALGORITHMS.join(", ")}`;
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid) return "the token is malformed";
  return `the token cannot be checked, because ${issuer} does not give its keys; try again later`;
}
