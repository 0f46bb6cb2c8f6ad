import { requestOf } from "./call.ts";
import { authorizationBy, type Credentials } from "./credentials.ts";
import { OPERATIONS } from "./gen/operations.ts";
import type { MachineResponse, Operations } from "./gen/types.ts";
import { type Connection, type RequestOptions, send } from "./request.ts";
import type { Fetch } from "./transport.ts";
import { type AwaitedStates, waitForState, type WaitOptions } from "./wait.ts";
import { defaultFetch } from "#platform";

export type ClientOptions = Credentials & {
  /** Where the API is, e.g. "https://api.example.org/metal". */
  readonly url: string;
  /** Appended to the URL, e.g. "/metal". */
  readonly basePath?: string;
  /** Carries the requests; Node's HTTP or the browser's fetch unless said. */
  readonly fetch?: Fetch;
  /** Milliseconds for one attempt of a request; 60 000 unless said. */
  readonly timeout?: number;
  /** How often what is safe to send again is tried again; 2 unless said, 0 for never. */
  readonly retries?: number;
};

/** Requests by method and path, for programs that treat all resources alike. Paths are below the base URL. */
export interface Requests {
  /**
   * Any request, with all that can be said of one. What is undefined in `query` is left out.
   * @example
   * ```ts
   * import { client } from "./client.ts";
   *
   * const images = await client.request<{ id: string }[]>("GET", "/v1/image", { query: { "show-usage": true } });
   * console.log(images.length > 0); // → true
   * ```
   */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T>;

  /**
   * Reads what is at a path.
   * @example
   * ```ts
   * import { client } from "./client.ts";
   *
   * const sizes = await client.get<{ id: string }[]>("/v1/size");
   * console.log(sizes.map(({ id }) => id)); // → sim-small
   * ```
   */
  get<T>(path: string): Promise<T>;

  /**
   * Finds, changes or commands, by the path.
   * @example
   * ```ts
   * import { client } from "./client.ts";
   *
   * const machines = await client.post<{ id: string }[]>("/v1/machine/find", { partition_id: "sim" });
   * console.log(machines.length); // → 3
   * ```
   */
  post<T>(path: string, body?: unknown): Promise<T>;

  /**
   * Creates.
   * @example
   * ```ts
   * import { client } from "./client.ts";
   *
   * const tenant = await client.put<{ name: string }>("/v1/tenant", { meta: { id: "umbrella" }, name: "Umbrella" });
   * console.log(tenant.name); // → Umbrella
   * ```
   */
  put<T>(path: string, body: unknown): Promise<T>;

  /**
   * Deletes, and answers what there was.
   * @example
   * ```ts
   * import { client } from "./client.ts";
   *
   * await client.put("/v1/size", { id: "short-lived", constraints: [] });
   * const { id } = await client.delete<{ id: string }>("/v1/size/short-lived");
   * console.log(id); // → short-lived
   * ```
   */
  delete<T>(path: string): Promise<T>;
}

export interface MachineWaits {
  /**
   * Waits until the machine is in a state, and answers it as one of that state.
   * An API that is away for a while is waited for as well.
   * @throws {TimeoutError} that says what the machine did last
   * @throws {MetalError} when the API refuses to show the machine
   * @throws the signal's reason when it is aborted
   * @example
   * ```ts
   * import { client } from "./client.ts";
   *
   * const [first] = await client.machine.list();
   * const machine = await client.machine.waitFor(first!, "waiting", {
   *   timeout: 600_000,
   *   onStep: ({ event, message }) => console.log(event, message), // → Waiting
   * });
   * console.log(machine.events.log[0].event); // → Waiting
   * ```
   */
  waitFor<S extends keyof AwaitedStates>(
    machine: string | Pick<MachineResponse, "id">,
    state: S,
    options?: WaitOptions,
  ): Promise<AwaitedStates[S]>;
}

export type Client = Requests &
  Omit<Operations, "machine"> & { readonly machine: Operations["machine"] & MachineWaits };

const TIMEOUT_MS = 60_000;
const RETRIES = 2;

/**
 * A client of the REST v1 API. Nothing is sent before the first call.
 * @throws TypeError when the URL is none of http or https
 * @example
 * ```ts
 * import { createClient } from "@metal-stack/sdk";
 *
 * const client = createClient({
 *   url: process.env["METAL_URL"]!, // https://api.example.org/metal
 *   hmac: { type: "Metal-Admin", key: process.env["METAL_HMAC"]! },
 *   timeout: 10_000,
 * });
 * console.log((await client.health.get()).status); // → healthy
 * ```
 */
export function createClient(options: ClientOptions): Client {
  const { fetch = defaultFetch, timeout = TIMEOUT_MS, retries = RETRIES } = options;
  const connection: Connection = {
    url: baseUrl(options),
    authorization: authorizationBy(options, fetch),
    fetch,
    timeout,
    retries,
  };
  const requests = requestsBy(connection);
  const { machine, ...others } = operationsBy(requests);
  const waitFor: MachineWaits["waitFor"] = (which, state, wait = {}) =>
    waitForState((call) => machine.get(typeof which === "string" ? which : which.id, call), state, wait);
  return { ...requests, ...others, machine: { ...machine, waitFor } };
}

function baseUrl({ url, basePath = "" }: ClientOptions): string {
  const { protocol } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") throw new TypeError(`${url} must begin with https:// or http://`);
  return [url, basePath]
    .map((part) => part.replaceAll(/^\/+|\/+$/g, ""))
    .filter((part) => part !== "")
    .join("/");
}

function requestsBy(connection: Connection): Requests {
  const request: Requests["request"] = <T>(method: string, path: string, options: RequestOptions = {}) =>
    send(connection, method, path, options) as Promise<T>;
  return {
    request,
    get: (path) => request("GET", path),
    post: (path, body = {}) => request("POST", path, { body }),
    put: (path, body) => request("PUT", path, { body }),
    delete: (path) => request("DELETE", path),
  };
}

/** The generated types describe what this makes of the generated table. */
function operationsBy({ request }: Requests): Operations {
  const groups = Object.entries(OPERATIONS).map(([noun, calls]) => {
    const made = Object.entries(calls).map(([name, operation]) => [
      name,
      async (...args: readonly unknown[]) => {
        const { method, path, options } = requestOf(operation, args);
        return request(method, path, options);
      },
    ]);
    return [noun, Object.fromEntries(made)] as const;
  });
  return Object.fromEntries(groups) as unknown as Operations;
}
