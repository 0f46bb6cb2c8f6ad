// Routing-level rules of the original's framework (reference/api-resources.md 2.1, 2.2).

/** True when an Accept header (or its absence) allows application/json. */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === "") return true;
  return accept
    .split(",")
    .some((range) =>
      ["*/*", "application/*", "application/json"].includes(range.split(";", 1)[0]!.trim().toLowerCase()),
    );
}

/** True when a request must be refused with 415: a body, or a POST or PUT, whose content type is not JSON. */
export function demandsJson(method: string, headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  if (!hasBody && method !== "POST" && method !== "PUT") return false;
  return (
    String(headers["content-type"] ?? "")
      .split(";", 1)[0]!
      .trim()
      .toLowerCase() !== "application/json"
  );
}

/** The paths of all routes, to tell "unknown path" from "wrong method". */
export class KnownPaths {
  readonly #patterns = new Map<string, RegExp>();

  /** @param route as fastify writes it: "/v1/size/:id" */
  add(route: string): void {
    if (this.#patterns.has(route)) return;
    const segments = route.split("/").map((segment) => (segment.startsWith(":") ? "[^/]+" : escape(segment)));
    this.#patterns.set(route, new RegExp(`^${segments.join("/")}/?$`));
  }

  has(url: string): boolean {
    const path = url.split("?", 1)[0]!.replaceAll(/\/+/g, "/");
    return [...this.#patterns.values()].some((pattern) => pattern.test(path));
  }
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
