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

/** The paths of all routes, to tell "unknown path" from "wrong method", and browsers what a path can do. */
export class KnownPaths {
  readonly #paths = new Map<string, { pattern: RegExp; methods: Set<string>; open: boolean }>();

  /** @param route as fastify writes it: "/v1/size/:id" @param open whether anybody may call it */
  add(route: string, methods: readonly string[], open: boolean): void {
    const path = this.#paths.get(route);
    if (path) for (const method of methods) path.methods.add(method);
    else this.#paths.set(route, { pattern: patternOf(route), methods: new Set(methods), open });
  }

  has(url: string): boolean {
    return this.methodsOf(url).length > 0;
  }

  methodsOf(url: string): string[] {
    return [...new Set(this.#fitting(url).flatMap(({ methods }) => [...methods]))].sort();
  }

  isOpen(url: string): boolean {
    return this.#fitting(url).some(({ open }) => open);
  }

  #fitting(url: string) {
    const path = url.split("?", 1)[0]!.replaceAll(/\/+/g, "/");
    return [...this.#paths.values()].filter(({ pattern }) => pattern.test(path));
  }
}

function patternOf(route: string): RegExp {
  const segments = route.split("/").map((segment) => (segment.startsWith(":") ? "[^/]+" : escape(segment)));
  return new RegExp(`^${segments.join("/")}/?$`);
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
