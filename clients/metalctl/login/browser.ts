// The browser's side of a log-in: opening it, and hearing from it on loopback (RFC 8252, section 7.3).
import { spawn } from "node:child_process";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Refusal } from "../errors.ts";

/** Somebody may have to look for a password. */
const PATIENCE_MS = 10 * 60_000;
/** The original's; providers have it registered. */
const CALLBACK = "/callback";

const PROGRAMS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Starts the user's browser. That there may be none is no error: the address is printed as well. */
export function openBrowser(url: string): void {
  const [program = "", ...args] = PROGRAMS[process.platform] ?? ["xdg-open"];
  const child = spawn(program, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}

export interface Listening {
  /** Where the browser begins; it is sent on from there. */
  readonly start: string;
  readonly redirectUri: string;
  /**
   * Sends the browser on, and waits until it comes back with an answer that `accept` takes. What `accept` throws is shown to
   * the browser and thrown here.
   */
  exchange<T>(to: URL, accept: (answer: URL) => Promise<T>): Promise<T>;
}

/** Listens on loopback while `work` runs. */
export async function listening<T>(work: (at: Listening) => Promise<T>): Promise<T> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const base = `http://localhost:${(server.address() as AddressInfo).port}`;
  let timer: NodeJS.Timeout | undefined;
  const exchange: Listening["exchange"] = (to, accept) =>
    new Promise((resolve, reject) => {
      const late = new Refusal("nobody logged in", { next: "metalctl login" });
      timer = setTimeout(reject, PATIENCE_MS, late);
      server.on("request", (request, response) => {
        const url = URL.parse(request.url ?? "", base);
        if (url?.pathname === "/") return response.writeHead(303, { location: to.href }).end();
        // Whoever does not know the state is not our provider: other pages may knock at every port.
        if (url?.pathname !== CALLBACK || url.searchParams.get("state") !== to.searchParams.get("state"))
          return page(response, 404, "Not here", "This is not the page of a log-in that waits.");
        accept(url).then(
          (accepted) => {
            page(response, 200, "Logged in", "Please close this page and return to your terminal.");
            resolve(accepted);
          },
          (error: Error) => {
            page(response, 400, "Not logged in", "Your terminal says why.");
            reject(error);
          },
        );
      });
    });
  try {
    return await work({ start: `${base}/`, redirectUri: base + CALLBACK, exchange });
  } finally {
    clearTimeout(timer);
    server.close();
    server.closeIdleConnections();
  }
}

function page(response: ServerResponse, status: number, title: string, text: string): void {
  response
    .writeHead(status, { "content-type": "text/html; charset=utf-8", connection: "close", "cache-control": "no-store" })
    .end(`<!doctype html><title>metalctl</title><h1>${title}</h1><p>${text}</p>\n`);
}
