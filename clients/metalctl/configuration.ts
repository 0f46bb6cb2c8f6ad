// Where metalctl's settings come from: flag, else METALCTL_… variable, else the current context of config.yaml
// (reference/platform-services.md 3.1).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { dump, load } from "js-yaml";
import { type Client as ApiClient, createClient, type Fetch, MetalError as ApiError } from "@metal-stack/sdk";
import { nodeFetch } from "@metal-stack/sdk/node";
import { Refusal } from "./errors.ts";
import type { Value } from "./output/template/values.ts";
import { systemFetch } from "./trust.ts";
import { credentialsOf } from "./kubeconfig.ts";

export { type ApiClient, ApiError };
export { NetworkError, TimeoutError } from "@metal-stack/sdk";

/** The original writes a null or an empty text for what is not set. */
export interface Context {
  readonly url?: string;
  readonly hmac?: string | null;
  readonly hmac_auth_type?: string;
  readonly certificate_authority_data?: string;
  readonly issuer_url?: string;
  readonly issuer_type?: string;
  readonly custom_scopes?: string;
  readonly client_id?: string;
  readonly client_secret?: string;
}

export interface ConfigFile {
  current?: string;
  previous?: string;
  contexts?: Record<string, Context>;
}

/** The original's context when nothing is configured. */
const FALLBACK_URL = "http://localhost:8080/cloud";
const DEFAULT_HMAC_TYPE = "Metal-Admin";

/** Global flags, as commander parses them. */
export interface GlobalFlags {
  readonly config?: string;
  readonly kubeconfig?: string;
  readonly apiUrl?: string;
  readonly apiToken?: string;
  readonly outputFormat?: string;
  readonly template?: string;
  /** The template, ready to be filled. */
  readonly fill?: (document: Value) => string;
  readonly headers?: boolean;
  readonly forceColor?: boolean;
  readonly yesIReallyMeanIt?: boolean;
  readonly debug?: boolean;
  /** Of commands that can read documents. */
  readonly file?: string;
}

/** What to do about a config file that is wrong. */
const REPAIR = "see how it should look: metalctl context --help";

/** The config file that counts: `--config`, else the first that exists of /etc/metalctl, ~/.metalctl and the current folder. */
export function configPath(flag: string | undefined): string | undefined {
  if (flag) {
    if (!existsSync(flag)) throw new Refusal(`the config file ${flag} does not exist`, { next: REPAIR });
    return flag;
  }
  return ["/etc/metalctl", join(homedir(), ".metalctl"), "."]
    .map((folder) => join(folder, "config.yaml"))
    .find((path) => existsSync(path));
}

export function readConfigFile(path: string | undefined): ConfigFile {
  if (!path) return {};
  let config: unknown;
  try {
    config = load(readFileSync(path, "utf8")) ?? {};
  } catch (error) {
    throw new Refusal(`cannot read ${path}: ${(error as Error).message}`, { next: REPAIR, cause: error });
  }
  if (typeof config !== "object" || Array.isArray(config))
    throw new Refusal(`${path} must have current and contexts`, { next: REPAIR });
  const { contexts } = config as ConfigFile;
  const wrong = Object.entries(contexts ?? {}).find(([, context]) => typeof context !== "object" || context === null);
  if (typeof (contexts ?? {}) !== "object" || wrong)
    throw new Refusal(`${path}: ${wrong ? `the context "${wrong[0]}" has no fields` : "contexts has no names"}`, {
      next: REPAIR,
    });
  return config as ConfigFile;
}

export function writeConfigFile(path: string, config: ConfigFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, dump(config), { mode: 0o600 });
}

/** Of METALCTL_…, besides those of flags; docs/settings.md shows them. */
export const VARIABLES = {
  HMAC: { about: "HMAC key, instead of the context's", unset: "the context's" },
  HMAC_AUTH_TYPE: {
    about: "whose key it is: Metal-Admin, Metal-Edit, Metal-View",
    unset: "the context's, or Metal-Admin",
  },
  CERTIFICATE_AUTHORITY_DATA: { about: "CA of the API, PEM in base64", unset: "the context's, or those of the system" },
} as const;

function variable(name: keyof typeof VARIABLES): string | undefined {
  return process.env[`METALCTL_${name}`] || undefined;
}

/**
 * The context that counts. Empty texts and nulls in it count as unset.
 * @throws Error when `current` names no context and nothing else says where the API is
 */
export function currentContext(flags: GlobalFlags): Context & { readonly url: string } {
  const path = configPath(flags.config);
  const { current, contexts } = readConfigFile(path);
  const context = (current ? contexts?.[current] : undefined) ?? {};
  if (current && !contexts?.[current] && !flags.apiUrl)
    throw new Refusal(`there is no context "${current}" in ${path ?? ""}`, {
      next: "choose one with metalctl context <name>; metalctl context lists them",
    });
  const merged = {
    hmac: variable("HMAC") || context.hmac,
    hmac_auth_type: variable("HMAC_AUTH_TYPE") || context.hmac_auth_type || DEFAULT_HMAC_TYPE,
    certificate_authority_data: variable("CERTIFICATE_AUTHORITY_DATA") || context.certificate_authority_data,
  };
  return {
    ...Object.fromEntries(Object.entries(merged).filter(([, value]) => value)),
    url: flags.apiUrl || context.url || FALLBACK_URL,
  };
}

/** The name of the current context. */
export function currentName(flags: GlobalFlags): string | undefined {
  return readConfigFile(configPath(flags.config)).current || undefined;
}

/** What the current context says about log-ins. */
export function issuerOf(flags: GlobalFlags): Context {
  const { current, contexts } = readConfigFile(configPath(flags.config));
  return (current ? contexts?.[current] : undefined) ?? {};
}

/** The token to speak with: the flag's, else the one that a log-in to the current context left in the kubeconfig. */
export function currentToken(flags: GlobalFlags): string | undefined {
  return flags.apiToken || credentialsOf(currentName(flags), flags.kubeconfig)?.idToken;
}

/**
 * A client for the current context. HMAC wins over a token, as in the original.
 * @param retries how often what is safe to send again is tried again when the API is away
 */
export function apiClient(flags: GlobalFlags, retries?: number): ApiClient {
  const context = currentContext(flags);
  const token = context.hmac ? undefined : currentToken(flags);
  const { url, hmac, hmac_auth_type: type, certificate_authority_data: ca } = context;
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url))
    throw new Refusal(`"${url}" is no address of an API`, {
      details: `It comes from ${sourceOfUrl(flags)}.`,
      next: "write it as https://api.example.org/metal",
    });
  const fetch = ca ? nodeFetch({ ca: Buffer.from(ca, "base64").toString("utf8") }) : systemFetch();
  return createClient({
    url,
    ...(retries === undefined ? {} : { retries }),
    ...(hmac ? { hmac: { type: type!, key: hmac } } : token ? { token } : {}),
    fetch: flags.debug === true ? told(fetch) : fetch,
  });
}

/** Who says where the API is. */
export function sourceOfUrl(flags: GlobalFlags): string {
  if (flags.apiUrl) return "--api-url or METALCTL_API_URL";
  const current = currentName(flags);
  return current ? `the context "${current}"` : "the default: there is no current context, and no --api-url";
}

/** Tells standard error of every request; neither bodies nor headers: they hold secrets. */
function told(fetch: Fetch): Fetch {
  return async (url, init) => {
    const begun = Date.now();
    const tell = (outcome: string | number) =>
      console.error(`${init.method} ${url} ${outcome} after ${Date.now() - begun} ms`);
    try {
      const answer = await fetch(url, init);
      tell(answer.status);
      return answer;
    } catch (error) {
      tell((error as Error).message);
      throw error;
    }
  };
}
