import { request } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { Type } from "typebox";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createWorld, signed, type World } from "../testing/world.ts";
import type { RouteModule } from "./app.ts";

const MIB = 1024 * 1024;
const Echo = Type.Object({ text: Type.String() });
const echoRoutes: RouteModule = (app) => {
  app.post("/v1/echo", { config: { role: "view" }, schema: { body: Echo } }, async ({ body }) => body.text.length);
  app.get("/v1/slow", { config: { role: "view" } }, () => setTimeout(100, {}));
  app.get("/v1/thing/:id", { config: { role: "view" } }, async ({ params }) => params);
};

let world: World;
let port: number;
beforeAll(async () => {
  world = await createWorld([echoRoutes]);
  await world.app.listen({ port: 0, host: "127.0.0.1" });
  ({ port } = world.app.server.address() as AddressInfo);
});
afterAll(() => world.close());

/** What an ordinary client that writes everything before it reads gets. */
function send(size: number, headers: Record<string, string>): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const options = { port, path: "/v1/echo", method: "POST", agent: false, headers };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode!, body: JSON.parse(text) as unknown }));
    });
    sent.on("error", reject);
    sent.write('{"text":"');
    for (let written = 0; written < size; written += MIB) sent.write("x".repeat(MIB));
    sent.end('"}');
  });
}

const json = (headers: Record<string, string>) => ({ "content-type": "application/json", ...headers });

it.each([10, 30])("a body of %i MiB is refused so that its sender reads the refusal", async (mebibytes) => {
  const length = { "content-length": String(mebibytes * MIB + '{"text":""}'.length) };
  const signature = signed("view", "POST", new Date());
  const tooLarge = JSON.stringify({
    statuscode: 413,
    message: `413: Request Entity Too Large, at most ${4 * MIB} bytes are accepted`,
  });
  for (const framing of [length, {}])
    for (const connection of ["close", "keep-alive"])
      expect(await send(mebibytes * MIB, json({ ...signature, ...framing, connection }))).toEqual({
        status: 413,
        body: tooLarge,
      });
});

it("so is one that is refused for another reason", async () => {
  expect((await send(10 * MIB, json({ connection: "close" }))).status).toBe(403);
  expect((await send(10 * MIB, { ...signed("view", "POST", new Date()), connection: "close" })).status).toBe(415);
});

it("one that fits is taken", async () => {
  expect(await send(3 * MIB, json(signed("view", "POST", new Date())))).toEqual({ status: 200, body: 3 * MIB });
});

function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.setEncoding("utf8").on("data", (chunk: string) => (answer += chunk));
    socket.on("error", reject).on("close", () => resolve(answer));
  });
}

const POST = "POST /v1/echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";

it.each([
  ["a text", "hello\r\n\r\n", 400],
  ["an unknown method", "FROB /v1/version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 400],
  ["a header without a name", "GET / HTTP/1.1\r\nhost: x\r\n: y\r\n\r\n", 400],
  ["a header that never ends", `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ["two lengths", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx", 400],
  ["a tunnel", "CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n", 405],
  ["a chunk without a length", `${POST}zz\r\n{}\r\n0\r\n\r\n`, 400],
  ["a path that cannot be decoded", "GET /v1/thing/%ff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 400],
])("%s is answered like every error", async (_, text, status) => {
  const [head, body] = (await raw(text)).split("\r\n\r\n") as [string, string];
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(JSON.parse(JSON.parse(body) as string)).toMatchObject({ statuscode: status });
});

it("nobody holds a connection by never closing it", async () => {
  const open = () => new Promise((resolve) => world.app.server.getConnections((_, count) => resolve(count)));
  await expect.poll(open).toBe(0);
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => socket.write("garbage\r\n\r\n"));
  await new Promise((resolve) => socket.resume().once("end", resolve));
  await expect.poll(open, { timeout: 20_000 }).toBe(0);
  socket.destroy();
});

it("what is sent behind requests is answered behind them", async () => {
  const signature = Object.entries(signed("view", "GET", new Date())).map(([name, value]) => `${name}: ${value}\r\n`);
  const right = `GET /v1/slow HTTP/1.1\r\nhost: x\r\n${signature.join("")}\r\n`;
  const wrong = right.replace("slow", "nowhere");
  const statuses = [...(await raw(`${right}${wrong}${right}garbage\r\n\r\n`)).matchAll(/HTTP\/1.1 (\d+)/g)];
  expect(statuses.map(([, status]) => Number(status))).toEqual([200, 404, 200, 400]);
});

it("a text that is no UTF-8 is refused", async () => {
  const headers = json(signed("view", "POST", new Date()));
  const payload = Buffer.from('{"text":"\xff"}', "latin1");
  const { statusCode } = await world.app.inject({ method: "POST", url: "/v1/echo", headers, payload });
  expect(statusCode).toBe(400);
});
