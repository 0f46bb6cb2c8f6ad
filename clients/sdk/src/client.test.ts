import { createHmac } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { type Answer, type Asked, loopback, type Loopback } from "../testing/loopback.ts";
import { createClient, type ClientOptions, LoginError, MetalError, NetworkError, TimeoutError } from "./index.ts";
import { nodeFetch } from "./node.ts";

let server: Loopback | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

type Options = Omit<ClientOptions, "url" | "hmac" | "token" | "oidc">;

async function answering(answer: Answer | ((asked: Asked, before: number) => Answer), options: Options = {}) {
  server = await loopback(typeof answer === "function" ? answer : () => answer);
  return createClient({ url: `${server.url}/metal/`, hmac: { type: "Metal-Admin", key: "admin" }, ...options });
}

const transports = { "node:http": nodeFetch(), fetch: (url: string, init: RequestInit) => fetch(url, init) } as const;

describe.each(Object.entries(transports))("the client over %s", (_, fetch) => {
  it("signs date, method and salt", async () => {
    const client = await answering({ body: [] }, { fetch });
    expect(await client.machine.list()).toEqual([]);
    const [{ url, headers }] = server!.asked as [Asked];
    expect(url).toBe("/metal/v1/machine");
    expect(headers["x-date"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(headers["x-data-salt"]).toMatch(/^[0-9a-f]{24}$/);
    const signed = `${String(headers["x-date"])}GET${String(headers["x-data-salt"])}`;
    expect(headers.authorization).toBe(`Metal-Admin ${createHmac("sha256", "admin").update(signed).digest("hex")}`);
  });

  it("puts path, query, headers and body where they belong", async () => {
    const client = await answering({ body: {} }, { fetch });
    await client.switch.delete("leaf/01", { force: true });
    await client.image.find({ "show-usage": true, classification: "supported" });
    await client.machine.allocate({
      projectid: "p",
      partitionid: "fra",
      sizeid: "s",
      imageid: "i",
      "idempotency-key": "k",
    });
    await client.machine.on("m1");
    await client.ip.allocateSpecific("10.0.0.1", { networkid: "n", projectid: "p", type: "static" });
    await client.machine.get("m1", { headers: { "If-Match": '"3"' } });
    const seen = server!.asked.map(({ method, url, body }) => `${method} ${url} ${body.toString()}`.trimEnd());
    expect(seen).toEqual([
      "DELETE /metal/v1/switch/leaf%2F01?force=true",
      'POST /metal/v1/image/find?show-usage=true {"classification":"supported"}',
      'POST /metal/v1/machine/allocate {"projectid":"p","partitionid":"fra","sizeid":"s","imageid":"i"}',
      "POST /metal/v1/machine/m1/power/on {}",
      'POST /metal/v1/ip/allocate/10.0.0.1 {"networkid":"n","projectid":"p","type":"static"}',
      "GET /metal/v1/machine/m1",
    ]);
    expect(server!.asked.map(({ headers }) => headers["idempotency-key"] ?? headers["if-match"])).toEqual([
      undefined,
      undefined,
      "k",
      undefined,
      undefined,
      '"3"',
    ]);
  });

  it("sends files as a form", async () => {
    const client = await answering({}, { fetch });
    const content = Buffer.from(Array.from({ length: 300_000 }, (__, at) => at % 251));
    await client.firmware.upload("bios", "acme", "x11", "1.0", { file: new Blob([content]) });
    const [{ url, headers, body }] = server!.asked as [Asked];
    expect(url).toBe("/metal/v1/firmware/bios/acme/x11/1.0");
    expect(Number(headers["content-length"])).toBe(body.length);
    const form = await new Response(body, { headers: { "content-type": headers["content-type"]! } }).formData();
    expect(Buffer.from(await (form.get("file") as File).arrayBuffer()).equals(content)).toBe(true);
  });

  it.each([
    ["a text that holds an object", JSON.stringify({ statuscode: 404, message: "no such machine" }), "no such machine"],
    ["an object", { statuscode: 404, message: "gone" }, "gone"],
    ["a text", "tenant x not allowed", "tenant x not allowed"],
    ["an object without message", { error: 1 }, '{"error":1}'],
  ])("understands an error that is %s", async (__, body, message) => {
    const client = await answering({ status: 404, body: JSON.stringify(body) }, { fetch });
    await expect(client.machine.get("x")).rejects.toMatchObject({ name: "MetalError", status: 404, message });
  });

  it("tells the reasons of a refusal, and how the log knows the request", async () => {
    const refusal = { statuscode: 422, message: "no machine available", reasons: ["m1: being erased"] };
    const client = await answering(
      { status: 422, headers: { "x-request-id": "r-7" }, body: JSON.stringify(JSON.stringify(refusal)) },
      { fetch },
    );
    const error: unknown = await client.network.list().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MetalError);
    expect(error).toMatchObject({ status: 422, reasons: ["m1: being erased"], requestId: "r-7" });
  });

  it.each([
    ["an error page", { status: 502, body: "<html>bad gateway" }, MetalError, "<html>bad gateway"],
    ["an empty error", { status: 500 }, MetalError, "HTTP status 500"],
    ["a page that is no JSON", { body: "<html>log in" }, NetworkError, "the answer is not JSON: <html>log in"],
    ["a cut connection", { cut: true }, NetworkError, "/v1/size"],
  ] as const)("says so when it gets %s", async (__, answer, type, message) => {
    const client = await answering(answer, { fetch, retries: 0 });
    const error: unknown = await client.size.list().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toContain(message);
  });

  it("says so when nobody listens, and tried before", async () => {
    const { url, close } = await loopback(() => ({}));
    await close();
    const started = performance.now();
    const creating = createClient({ url, fetch, retries: 1 }).size.create({ id: "s", constraints: [] });
    await expect(creating).rejects.toThrow(/^PUT http:\/\/127.0.0.1:\d+\/v1\/size: .*ECONNREFUSED/);
    expect(performance.now() - started).toBeGreaterThan(90);
  });

  it("tries again what only reads, and nothing else", async () => {
    const twice = (__: Asked, before: number): Answer => (before === 0 ? { cut: true } : { body: [] });
    expect(await (await answering(twice, { fetch })).machine.find({ sizeid: "s" })).toEqual([]);
    await server!.close();
    const unavailable = (__: Asked, before: number): Answer => (before < 2 ? { status: 503 } : { body: [] });
    expect(await (await answering(unavailable, { fetch })).partition.list()).toEqual([]);
    expect(server!.asked).toHaveLength(3);
    await server!.close();
    for (const call of ["create", "delete"] as const) {
      const client = await answering({ cut: true }, { fetch });
      const done = call === "create" ? client.size.create({ id: "s", constraints: [] }) : client.size.delete("s");
      await expect(done).rejects.toThrow(NetworkError);
      expect(server!.asked).toHaveLength(1);
      await server!.close();
    }
  });

  it("does not follow to another place with its key", async () => {
    const client = await answering({ status: 301, headers: { location: "https://elsewhere.example/" } }, { fetch });
    const listing = client.size.list();
    await expect(listing).rejects.toThrow("the API is not here, but at https://elsewhere.example/");
    expect(server!.asked).toHaveLength(1);
  });

  it("tries an allocation again that can be told from another", async () => {
    const client = await answering((__, before) => (before === 0 ? { cut: true } : { body: { id: "m1" } }), { fetch });
    const order = { projectid: "p", partitionid: "f", sizeid: "s", imageid: "i" };
    expect(await client.machine.allocate({ ...order, "idempotency-key": "one" })).toEqual({ id: "m1" });
    expect(server!.asked.map(({ headers }) => headers["idempotency-key"])).toEqual(["one", "one"]);
  });

  it("waits as long as the server asks for, but not for ever", async () => {
    const busy = (after: string) => (__: Asked, before: number) =>
      before === 0 ? { status: 429, headers: { "retry-after": after } } : { body: [] };
    const started = performance.now();
    await (await answering(busy("1"), { fetch })).size.list();
    expect(performance.now() - started).toBeGreaterThan(950);
    await server!.close();
    const created = await (await answering(busy("0"), { fetch })).size.create({ id: "s", constraints: [] });
    expect(created).toEqual([]);
    await server!.close();
    await expect((await answering(busy("3600"), { fetch })).size.list()).rejects.toMatchObject({ status: 429 });
  });

  it("gives up on an answer that does not end", async () => {
    const client = await answering({ stalled: true }, { fetch, retries: 1 });
    await expect(client.size.list({ timeout: 300 })).rejects.toThrow("/v1/size: no answer within 300 ms");
  });

  it("gives up on an API that does not answer, and whenever it is told to", async () => {
    const client = await answering({ silent: true }, { fetch, retries: 0 });
    await expect(client.size.list({ timeout: 50 })).rejects.toThrow(TimeoutError);
    const abort = new AbortController();
    const listing = client.size.list({ signal: abort.signal });
    abort.abort(new Error("the user left"));
    await expect(listing).rejects.toThrow("the user left");
    await expect(client.size.list({ signal: abort.signal })).rejects.toThrow("the user left");
    const pausing = createClient({ url: "http://127.0.0.1:1", retries: 9 }).size.list({
      signal: AbortSignal.timeout(30),
    });
    await expect(pausing).rejects.toMatchObject({ name: "TimeoutError", message: /aborted due to timeout/ });
  });
});

describe("the client", () => {
  it("reads a console password, by a GET with a body", async () => {
    const client = await answering({ body: { id: "m1", console_password: "sesame" } });
    const machine = { id: "m1", allocation: {} } as Parameters<typeof client.machine.getConsolePassword>[0];
    expect(await client.machine.getConsolePassword(machine, { reason: "stuck" })).toMatchObject({
      console_password: "sesame",
    });
    expect(server!.asked[0]).toMatchObject({ method: "GET", url: "/metal/v1/machine/consolepassword" });
    expect(JSON.parse(server!.asked[0]!.body.toString())).toEqual({ reason: "stuck", id: "m1" });
  });

  it("asks generically by method and path", async () => {
    const client = await answering({ body: { ok: true } });
    expect(await client.get("/v1/version")).toEqual({ ok: true });
    await client.post("/v1/machine/m1/bmc/rotate");
    await client.put("/v1/size", { id: "s" });
    await client.delete("/v1/size/s");
    await client.request("GET", "/v1/image", { query: { "show-usage": true, none: undefined } });
    expect(server!.asked.map(({ method, url, body }) => `${method} ${url} ${body.toString()}`)).toEqual([
      "GET /metal/v1/version ",
      "POST /metal/v1/machine/m1/bmc/rotate {}",
      'PUT /metal/v1/size {"id":"s"}',
      "DELETE /metal/v1/size/s ",
      "GET /metal/v1/image?show-usage=true ",
    ]);
  });

  it("gives what an unhealthy API says of itself", async () => {
    const health = { status: "unhealthy", message: "", services: { postgresql: { status: "unhealthy" } } };
    const client = await answering({ status: 500, body: health });
    await expect(client.health.get()).rejects.toMatchObject({
      status: 500,
      body: health,
      message: JSON.stringify(health),
    });
  });

  it("shows an answer's headers to who wants them", async () => {
    const client = await answering({ headers: { etag: '"4"' }, body: {} });
    let etag: string | null = null;
    await client.size.get("s", { onAnswer: ({ headers }) => (etag = headers.get("etag")) });
    expect(etag).toBe('"4"');
  });

  it("sends a token, and nothing when it has none", async () => {
    server = await loopback(() => ({ body: {} }));
    await createClient({ url: server.url, basePath: "/metal", token: "abc" }).user.getMe();
    await createClient({ url: server.url }).version.info();
    expect(server.asked.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ["/metal/v1/user/me", "Bearer abc"],
      ["/v1/version", undefined],
    ]);
  });

  it("asks for a token each time by a function, again after a 401, and passes on its failure", async () => {
    server = await loopback((_, before) => (before === 0 ? { status: 401 } : { body: {} }));
    let tokens = 0;
    await createClient({ url: server.url, oidc: () => `t${++tokens}` }).user.getMe();
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(["Bearer t1", "Bearer t2"]);
    const failing = createClient({
      url: server.url,
      oidc: () => {
        throw new LoginError("log in first");
      },
    });
    await expect(failing.user.getMe()).rejects.toThrow("log in first");
  });

  it("refuses what cannot be meant", async () => {
    expect(() => createClient({ url: "localhost:8080" })).toThrow("must begin with https:// or http://");
    expect(() => createClient({ url: "nowhere" })).toThrow("Invalid URL");
    const client = await answering({ body: [] });
    await expect(client.size.get("")).rejects.toThrow("id must not be empty");
    expect(server!.asked).toEqual([]);
  });
});
