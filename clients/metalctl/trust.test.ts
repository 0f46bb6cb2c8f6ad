// Whom metalctl trusts: an API behind TLS whose certificate is its own.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type FakeApi, fakeApi } from "./testing/fake-api.ts";

const missing = spawnSync("openssl", ["version"]).status === 0 ? undefined : "there is no openssl on this machine";

let api: FakeApi;
let server: Server | undefined;
let certificate: string;
let asked = 0;
beforeAll(async () => {
  if (missing) return console.warn(`SKIPPED: trust of metalctl: ${missing}`);
  api = await fakeApi();
  certificate = join(api.folder, "certificate.pem");
  const key = join(api.folder, "key.pem");
  const made = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  const names = ["-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", ["req", "-x509", ...made, ...names, "-keyout", key, "-out", certificate], {
    stdio: "ignore",
  });
  server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (_request, response) => {
    asked++;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify([{ id: "s" }]));
  });
  await new Promise<void>((resolve) => server!.listen(0, "localhost", resolve));
});
beforeEach((context) => {
  if (missing) context.skip(missing);
  api.forget();
  asked = 0;
});
afterAll(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  await api?.close();
});

function list(env: Record<string, string>) {
  api.env = env;
  const url = `https://localhost:${(server!.address() as AddressInfo).port}`;
  return api.metalctl("size", "ls", "--no-headers", "--api-url", url);
}

it("trusts nobody that neither the context nor the system knows, and says what to do", async () => {
  expect(await list({})).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /^Error: GET .*: self-signed certificate\n\nNobody .*\n\nNext: .*_AUTHORITY_DATA\n$/,
    ) as string,
  });
  expect(asked).toBe(0);
});

it("trusts whom the system trusts, as the original", async () => {
  expect((await list({ SSL_CERT_FILE: certificate })).stdout).toBe("s\n");
  expect(asked).toBe(1);
});

it("trusts whom the system trusts where it logs in", async () => {
  const issuer = `https://localhost:${(server!.address() as AddressInfo).port}`;
  const file = join(api.folder, "login.yaml");
  writeFileSync(file, `current: a\ncontexts:\n  a: {url: "${issuer}", issuer_url: "${issuer}", client_id: c}\n`);
  expect((await api.metalctl("-c", file, "login")).stderr).toContain("self-signed certificate");
  expect(asked).toBe(0);
  api.env = { SSL_CERT_FILE: certificate };
  expect((await api.metalctl("-c", file, "login")).stderr).toMatch(/^Error: cannot reach the log-in at /);
  expect(asked).toBeGreaterThan(0);
});

it("trusts only whom the context names, when it names somebody", async () => {
  const data = readFileSync(certificate).toString("base64");
  expect((await list({ METALCTL_CERTIFICATE_AUTHORITY_DATA: data })).stdout).toBe("s\n");
  const other = Buffer.from("nobody").toString("base64");
  const refused = await list({ METALCTL_CERTIFICATE_AUTHORITY_DATA: other, SSL_CERT_FILE: certificate });
  expect(refused.stderr).toContain("Nobody that certificate_authority_data trusts");
});
