// Where metalctl's settings come from: flag, else METALCTL_… variable, else the current context of config.yaml
// (reference/platform-services.md 3.1).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { dump, load } from "js-yaml";
import { ApiClient } from "@metal-stack/api-client";
import { tokenOf } from "./kubeconfig.ts";

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
  readonly headers?: boolean;
  readonly forceColor?: boolean;
  readonly yesIReallyMeanIt?: boolean;
  readonly debug?: boolean;
}

/** The config file that counts: `--config`, else the first that exists of /etc/metalctl, ~/.metalctl and the current folder. */
export function configPath(flag: string | undefined): string | undefined {
  if (flag) {
    if (!existsSync(flag)) throw new Error(`the config file ${flag} does not exist`);
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
    throw new Error(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  if (typeof config !== "object" || Array.isArray(config))
    throw new Error(`${path} must have current and contexts; see: metalctl context --help`);
  return config as ConfigFile;
}

export function writeConfigFile(path: string, config: ConfigFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, dump(config), { mode: 0o600 });
}

function variable(name: string): string | undefined {
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
    throw new Error(`there is no context "${current}" in ${path ?? ""}; choose one of: metalctl context list`);
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

/** The token to speak with: the flag's, else the one that a log-in to the current context left in the kubeconfig. */
export function currentToken(flags: GlobalFlags): string | undefined {
  return flags.apiToken || tokenOf(readConfigFile(configPath(flags.config)).current, flags.kubeconfig);
}

/** A client for the current context. HMAC wins over a token, as in the original. */
export function apiClient(flags: GlobalFlags): ApiClient {
  const context = currentContext(flags);
  const token = context.hmac ? undefined : currentToken(flags);
  return new ApiClient({
    url: context.url,
    ...(context.hmac ? { hmac: { type: context.hmac_auth_type!, key: context.hmac } } : {}),
    ...(token ? { token } : {}),
    ...(context.certificate_authority_data
      ? { ca: Buffer.from(context.certificate_authority_data, "base64").toString("utf8") }
      : {}),
  });
}
