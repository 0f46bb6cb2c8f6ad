// metalctl as its users run it: a process, its arguments, a config file, and an API that answers on loopback.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildMetalctl } from "../build.ts";

type Answer = [status: number, body: unknown];

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly authorization: string;
}

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FakeApi {
  /** What it was asked since {@link FakeApi.forget}. */
  calls: Call[];
  /** "METHOD /metal/path" to status and body; everything else is 404. */
  answers: Record<string, Answer | ((body: object) => Answer)>;
  /** Variables that metalctl gets besides PATH and HOME, until {@link FakeApi.forget}. */
  env: Record<string, string>;
  /** Where the API is. */
  readonly url: string;
  /** The program, as users install it. */
  readonly program: string;
  /** Where the config file is. */
  readonly folder: string;
  metalctl(...args: string[]): Promise<Result>;
  forget(): void;
  close(): Promise<void>;
}

/** An API that answers what a test puts in, with a context `lab` for it and a context `other`. */
export async function fakeApi(): Promise<FakeApi> {
  const folder = mkdtempSync(join(tmpdir(), "metalctl-test-"));
  const program = await buildMetalctl(join(folder, "dist"));
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const call = {
        method: request.method!,
        path: request.url!,
        body:
          request.headers["content-type"] === "application/json" ? (JSON.parse(text) as unknown) : text || undefined,
        authorization: request.headers.authorization ?? "",
      };
      api.calls.push(call);
      const answer = api.answers[`${call.method} ${call.path}`] ?? [
        404,
        JSON.stringify({ statuscode: 404, message: "404: Page Not Found" }),
      ];
      const [status, body] = typeof answer === "function" ? answer(call.body as object) : answer;
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  const api: FakeApi = {
    calls: [],
    answers: {},
    env: {},
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metal`;
    },
    program,
    folder,
    metalctl: (...args) =>
      new Promise((resolve) => {
        execFile(
          process.execPath,
          [program, ...args],
          { cwd: folder, env: { PATH: process.env["PATH"], HOME: folder, ...api.env } },
          (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
        );
      }),
    forget: () => {
      api.calls = [];
      api.answers = {};
      api.env = {};
    },
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  writeFileSync(
    join(folder, "config.yaml"),
    `current: lab\ncontexts:\n  lab:\n    url: ${api.url}\n    hmac: secret\n  other:\n    url: http://127.0.0.1:1\n`,
  );
  return api;
}
