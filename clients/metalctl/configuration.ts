// Where metalctl's settings come from: flag, else METALCTL_… variable, else the current context of config.yaml
// (reference/platform-services.md 3.1).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { dump, load } from "js-yaml";
import { ApiClient } from "@metal-stack/api-client";

export interface Context {
  readonly url?: string;
  readonly hmac?: string;
  readonly hmac_auth_type?: string;
  readonly certificate_authority_data?: string;
  readonly issuer_url?: string;
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
  const named = flag ?? process.env["METALCTL_CONFIG"];
  if (named) {
    if (!existsSync(named)) throw new Error(`the config file ${named} does not exist`);
    return named;
  }
  return ["/etc/metalctl", join(homedir(), ".metalctl"), "."]
    .map((folder) => join(folder, "config.yaml"))
    .find((path) => existsSync(path));
}

export function readConfigFile(path: string | undefined): ConfigFile {
  if (!path) return {};
  try {
    return load(readFileSync(path, "utf8")) ?? {};
  } catch (error) {
    throw new Error(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}

export function writeConfigFile(path: string, config: ConfigFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, dump(config), { mode: 0o600 });
}

function variable(name: string): string | undefined {
  return process.env[`METALCTL_${name}`] || undefined;
}

export function currentContext(flags: GlobalFlags): Context {
  const config = readConfigFile(configPath(flags.config));
  const context = (config.current === undefined ? undefined : config.contexts?.[config.current]) ?? {};
  const merged = {
    url: flags.apiUrl ?? variable("API_URL") ?? context.url ?? FALLBACK_URL,
    hmac: variable("HMAC") ?? context.hmac,
    hmac_auth_type: variable("HMAC_AUTH_TYPE") ?? context.hmac_auth_type ?? DEFAULT_HMAC_TYPE,
    certificate_authority_data: variable("CERTIFICATE_AUTHORITY_DATA") ?? context.certificate_authority_data,
  };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}

/** A client for the current context. HMAC wins over a token, as in the original. */
export function apiClient(flags: GlobalFlags): ApiClient {
  const context = currentContext(flags);
  const token = flags.apiToken ?? variable("API_TOKEN");
  return new ApiClient({
    url: context.url!,
    ...(context.hmac ? { hmac: { type: context.hmac_auth_type!, key: context.hmac } } : {}),
    ...(token ? { token } : {}),
    ...(context.certificate_authority_data
      ? { ca: Buffer.from(context.certificate_authority_data, "base64").toString("utf8") }
      : {}),
  });
}
