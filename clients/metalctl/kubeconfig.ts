// Tokens are not in config.yaml: a log-in leaves them in the kubeconfig, in a context `cloudctl-<metalctl context>`
// whose user has an OIDC auth provider (reference/platform-services.md 3.1). What else the file holds stays.
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { dump, load } from "js-yaml";
import { Refusal } from "./errors.ts";

interface NamedContext {
  name: string;
  context: { cluster: string; user: string };
}
interface NamedUser {
  name: string;
  user?: { "auth-provider"?: { name: string; config?: Record<string, string> } };
}
interface KubeConfig {
  contexts?: NamedContext[] | null;
  users?: NamedUser[] | null;
}

const EMPTY = { apiVersion: "v1", clusters: [], contexts: [], "current-context": "", kind: "Config", preferences: {} };

/** What a log-in leaves behind. */
export interface Credentials {
  /** Name of the kubeconfig's user. */
  readonly user: string;
  readonly idToken: string;
  readonly refreshToken?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly issuer?: string | undefined;
}

const contextName = (context: string | undefined) => (context ? `cloudctl-${context}` : "cloudctl");

function paths(flag: string | undefined): string[] {
  return (flag || process.env["KUBECONFIG"] || join(homedir(), ".kube", "config")).split(delimiter).filter(Boolean);
}

/** What the last log-in to a metalctl context left. An unreadable kubeconfig has none, as in the original. */
export function credentialsOf(context: string | undefined, flag: string | undefined): Credentials | undefined {
  for (const path of paths(flag).filter((file) => existsSync(file))) {
    try {
      const { contexts, users } = (load(readFileSync(path, "utf8")) ?? {}) as KubeConfig;
      const user = contexts?.find((entry) => entry.name === contextName(context))?.context.user;
      const config = users?.find((entry) => entry.name === user)?.user?.["auth-provider"]?.config;
      if (user === undefined || !config?.["id-token"]) continue;
      return {
        user,
        idToken: config["id-token"],
        refreshToken: config["refresh-token"] || undefined,
        clientId: config["client-id"] || undefined,
        clientSecret: config["client-secret"] || undefined,
        issuer: config["idp-issuer-url"] || undefined,
      };
    } catch {
      // Other tools' business: the API says whether it needs a token.
    }
  }
  return undefined;
}

/**
 * Stores credentials, or with `undefined` takes those of the context away. The user keeps its name unless another context
 * uses that: two contexts of one person must not overwrite each other's tokens.
 * @returns the file
 */
export function storeCredentials(
  context: string | undefined,
  flag: string | undefined,
  credentials: Credentials | undefined,
): string {
  const [path = "", ...others] = [...new Set(paths(flag))];
  if (others.length > 0)
    throw new Refusal("KUBECONFIG names several files", { next: "say which one is to have the token: --kubeconfig" });
  const config = readWhole(path);
  const name = contextName(context);
  const contexts = config.contexts ?? [];
  const mine = contexts.find((entry) => entry.name === name);
  const usedByOthers = (user: string) => contexts.some((entry) => entry !== mine && entry.context.user === user);
  config.users = (config.users ?? []).filter(
    (entry) => entry.name !== mine?.context.user || usedByOthers(entry.name) || !entry.user?.["auth-provider"],
  );
  config.contexts = contexts.filter((entry) => entry !== mine);
  if (credentials) {
    const taken = config.users.some((entry) => entry.name === credentials.user);
    const user = taken ? `${credentials.user}-${name}` : credentials.user;
    config.users = [
      ...config.users.filter((entry) => entry.name !== user),
      {
        name: user,
        user: {
          "auth-provider": {
            name: "oidc",
            config: {
              "client-id": credentials.clientId ?? "",
              "client-secret": credentials.clientSecret ?? "",
              "id-token": credentials.idToken,
              "idp-certificate-authority": "",
              "idp-issuer-url": credentials.issuer ?? "",
              "refresh-token": credentials.refreshToken ?? "",
            },
          },
        },
      },
    ];
    config.contexts.push({ name, context: { cluster: "", user } });
  }
  write(path, dump(config));
  return path;
}

function readWhole(path: string): KubeConfig {
  if (!existsSync(path)) return { ...EMPTY };
  try {
    return load(readFileSync(path, "utf8")) ?? { ...EMPTY };
  } catch (error) {
    throw new Refusal(`cannot read ${path}: ${(error as Error).message}`, {
      next: "mend the file, or name another: --kubeconfig",
      cause: error,
    });
  }
}

/** At once or not at all: kubectl may read it now. A link stays a link. */
function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const target = existsSync(path) ? realpathSync(path) : path;
  const draft = `${target}.metalctl-${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, target);
}
