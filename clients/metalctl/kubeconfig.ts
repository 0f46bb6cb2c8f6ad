// Tokens are not in config.yaml: a log-in leaves them in the kubeconfig, in a context `cloudctl-<metalctl context>`
// whose user has an OIDC auth provider (reference/platform-services.md 3.1).
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { load } from "js-yaml";

interface KubeConfig {
  readonly contexts?: readonly { readonly name: string; readonly context: { readonly user: string } }[];
  readonly users?: readonly {
    readonly name: string;
    readonly user: { readonly "auth-provider"?: { readonly config?: { readonly "id-token"?: string } } };
  }[];
}

/** The id token of a metalctl context, if there is one. An unreadable kubeconfig has none, as in the original. */
export function tokenOf(context: string | undefined, flag: string | undefined): string | undefined {
  const name = context ? `cloudctl-${context}` : "cloudctl";
  const paths = (flag || process.env["KUBECONFIG"] || join(homedir(), ".kube", "config")).split(delimiter);
  for (const path of paths.filter((file) => existsSync(file))) {
    try {
      const { contexts, users } = (load(readFileSync(path, "utf8")) ?? {}) as KubeConfig;
      const user = contexts?.find((entry) => entry.name === name)?.context.user;
      const token = users?.find((entry) => entry.name === user)?.user["auth-provider"]?.config?.["id-token"];
      if (token) return token;
    } catch {
      // Other tools' business: the API says whether it needs a token.
    }
  }
  return undefined;
}
