import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { assertReachable } from "./probe.ts";

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer(({ url: path }, response) => {
    const target = decodeURIComponent((path ?? "").slice(1));
    if (target === "") response.end();
    else response.writeHead(302, { location: target }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

const redirectTo = (target: string) => `${url}/${encodeURIComponent(target)}`;

it("follows redirects to where the file is", async () => {
  await assertReachable("image", url);
  await assertReachable("image", redirectTo("/"));
  await assertReachable("image", redirectTo(redirectTo(url)));
});

it.each([
  ["nonsense", () => redirectTo("http://["), 'redirects to "http://["'],
  ["what is no web server", () => redirectTo("ftp://127.0.0.1/x"), "only http and https are supported"],
  ["itself", () => redirectTo("?"), "more than 5 redirects"],
])("refuses a redirect to %s", async (_, from, why) => {
  const refused = { statusCode: 400, message: `image:image is not accessible under:${from()} error:${why}` };
  await expect(assertReachable("image", from())).rejects.toMatchObject(refused);
});
