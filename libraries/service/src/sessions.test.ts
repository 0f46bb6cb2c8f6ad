// Peers that live, that fall silent, and that die, over HTTP/2 without TLS.
import { once } from "node:events";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { PingedSessions } from "./sessions.ts";

const PINGS = { intervalMs: 50, timeoutMs: 200 };

/** A stream to that server, with what PING frames are sent and how the stream ends. */
async function streamTo(server: Pick<Server, "listen" | "address" | "close" | "once">) {
  const sockets: Socket[] = [];
  (server as Server).on("connection", (socket: Socket) => sockets.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server as Server, "listening");
  const authority = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stream = await new PingedSessions(authority, PINGS, undefined).request("POST", "/", {}, {});
  const session = stream.session!;
  const ending = Promise.withResolvers<void>();
  stream.on("error", () => undefined).on("close", () => ending.resolve());
  onTestFinished(() => {
    session.destroy();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { session, ending: ending.promise, ping: vi.spyOn(session, "ping"), sockets };
}

/** Answers pings, as every HTTP/2 server does, and no request. */
const living = () => createHttp2Server(() => undefined) as unknown as Server;
/** Takes everything and says nothing: a cable that was cut. */
const silent = () => createServer((socket) => void socket.on("error", () => undefined).resume());

it("a session whose peer answers lives on without traffic", async () => {
  const { session, ping } = await streamTo(living());
  await expect.poll(() => ping.mock.calls.length, { timeout: 10_000 }).toBeGreaterThan(3);
  expect(session.destroyed).toBe(false);
});

it("a session whose peer falls silent ends, and its streams with it", async () => {
  const { session, ending } = await streamTo(silent());
  await ending;
  expect(session.destroyed).toBe(true);
});

it("a session that was destroyed is not asked any more: that would throw where nobody catches it", async () => {
  const { session, ping, sockets } = await streamTo(living());
  await expect.poll(() => sockets.length, { timeout: 10_000 }).toBe(1);
  session.destroy();
  const asked = ping.mock.calls.length;
  await sleep(PINGS.intervalMs * 4);
  expect(ping.mock.calls.length).toBe(asked);
});
