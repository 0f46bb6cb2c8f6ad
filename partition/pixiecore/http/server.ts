// The HTTP side: scripts, firmware, files, what a hammer needs to know, health and counters.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Logger } from "@metal-stack/service";
import type { Admission } from "../boot/admission.ts";
import { chainScript, type ScriptSite } from "../boot/rules-script.ts";
import type { BootScripts } from "../boot/script.ts";
import type { Metrics } from "../metrics.ts";
import type { FileDownloads } from "./files.ts";

export interface HttpParts {
  readonly site: ScriptSite;
  readonly scripts: BootScripts;
  readonly admission: Admission;
  readonly files: FileDownloads;
  readonly firmware: ReadonlyMap<string, Uint8Array>;
  /** What GET /config answers; holds no secret. */
  readonly hammerConfig: object;
  readonly metrics: Metrics;
  /** Whether /metrics is answered here too. */
  readonly servesMetrics: boolean;
  readonly log: Logger;
}

// A stranger can hold on to this much and no more.
const MAX_CONNECTIONS = 512;
/** iPXE opens a few, a hammer one more. */
const MAX_CONNECTIONS_PER_CLIENT = 32;
const MAX_HEADER_BYTES = 8_192;
const MAX_URL_LENGTH = 1_024;
const HEADERS_TIMEOUT_MS = 10_000;
/** How often connections are looked through for those that are too slow. */
const LOOK_MS = 2_000;
/** A download that makes no progress for so long is ended. */
const IDLE_TIMEOUT_MS = 60_000;

type Route = (
  parts: HttpParts,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
) => number | Promise<number>;

/** Path, or the first folder of a path when it ends with "/". */
const ROUTES: Readonly<Record<string, Route>> = {
  "/boot.ipxe": (parts, _url, _request, response) => text(response, 200, chainScript(parts.site)),
  "/ipxe": async (parts, url, request, response) => {
    const answer = await parts.scripts.answer(url.searchParams, clientAddress(request));
    return text(response, answer.status, answer.body);
  },
  "/config": (parts, _url, _request, response) =>
    text(response, 200, JSON.stringify(parts.hammerConfig), "application/json"),
  "/firmware/": async (parts, url, request, response) => {
    const file = url.pathname.slice("/firmware/".length);
    const program = parts.firmware.get(file);
    if (!program) return text(response, 404, "no such program\n");
    response.writeHead(200, { "content-type": "application/efi", "content-length": program.length });
    response.end(request.method === "HEAD" ? undefined : program);
    if (request.method === "GET") {
      const asker = await parts.admission.machineAt(clientAddress(request));
      parts.log.info({ ...asker, step: "firmware", file, bytes: program.length }, "firmware fetches iPXE by HTTP");
    }
    return 200;
  },
  "/files/": async (parts, url, request, response) => {
    const as = url.searchParams.get("as");
    const asker = await parts.admission.machineAt(clientAddress(request));
    const step = as === "kernel" || as === "initrd" ? as : "file";
    const story = parts.log.child({ ...asker, step });
    return await parts.files.serve(url.pathname.slice("/files/".length), request, response, story);
  },
  "/healthz": (_parts, _url, _request, response) => text(response, 200, "ok\n"),
  "/metrics": (parts, _url, _request, response) =>
    parts.servesMetrics ? text(response, 200, parts.metrics.render()) : text(response, 404, "see the metrics port\n"),
};

/** Listens on one address; `port` 0 takes a free one. */
export async function serveHttp(parts: HttpParts, port: number, address: string): Promise<Server> {
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: LOOK_MS },
    (request, response) => {
      void handle(parts, request, response);
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  boundClients(server);
  server.setTimeout(IDLE_TIMEOUT_MS);
  server.listen(port, address);
  await once(server, "listening");
  return server;
}

function boundClients(server: Server): void {
  const open = new Map<string, number>();
  server.on("connection", (socket) => {
    const { remoteAddress = "" } = socket;
    const before = open.get(remoteAddress) ?? 0;
    if (before >= MAX_CONNECTIONS_PER_CLIENT) return void socket.destroy();
    open.set(remoteAddress, before + 1);
    socket.once("close", () => {
      const left = open.get(remoteAddress)! - 1;
      if (left === 0) open.delete(remoteAddress);
      else open.set(remoteAddress, left);
    });
  });
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

export async function closeHttp(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

async function handle(parts: HttpParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let route = "none";
  let status = 500;
  try {
    const url = readUrl(request);
    const folder = url && /^\/[^/]*\//.exec(url.pathname)?.[0];
    if (!url) status = text(response, 414, "that is no URL of this server\n");
    else if (request.method !== "GET" && request.method !== "HEAD") status = text(response, 405, "only GET and HEAD\n");
    else {
      route = [url.pathname, folder ?? ""].find((path) => Object.hasOwn(ROUTES, path)) ?? "none";
      status =
        route === "none" ? text(response, 404, "nothing here\n") : await ROUTES[route]!(parts, url, request, response);
    }
  } catch (error) {
    parts.log.error({ err: error, route }, "an HTTP request failed");
    if (response.headersSent) response.destroy();
    else text(response, 500, "the boot server failed\n");
  }
  parts.metrics.count("http_requests_total", { route, status: String(status) });
}

function readUrl(request: IncomingMessage): URL | undefined {
  if (request.url === undefined || request.url.length > MAX_URL_LENGTH || !request.url.startsWith("/"))
    return undefined;
  return URL.parse(`http://pixiecore${request.url}`) ?? undefined;
}

/** Nothing here may be kept by a cache on the way: scripts hold tickets. */
function text(response: ServerResponse, status: number, body: string, type = "text/plain"): number {
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
  return status;
}

function clientAddress(request: IncomingMessage): string {
  return (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
}
