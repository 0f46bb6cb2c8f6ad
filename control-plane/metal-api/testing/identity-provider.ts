// A real OpenID Connect provider as a process of its own, for tests. It prints its port as JSON, then obeys the lines of
// its standard input: "rotate" signs with a new key from now on, and says so.
// Whoever asks it for a token (client credentials) says in the resource's query what the token is to hold:
// audience, and claims as JSON.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { Provider } from "oidc-provider";

const HOUR_SECONDS = 3600;
const port = Number(process.argv[2] ?? 0);

function provider(issuer: string): Provider {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return new Provider(issuer, {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" }] },
    clients: [
      {
        client_id: "tester",
        client_secret: "of-the-test",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: "",
          audience: new URL(resource).searchParams.get("audience") ?? "",
          accessTokenFormat: "jwt",
          accessTokenTTL: HOUR_SECONDS,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    extraTokenClaims: ({ oidc }) => {
      const resource = String(oidc.params?.["resource"]);
      return JSON.parse(new URL(resource).searchParams.get("claims") ?? "{}") as Record<string, string>;
    },
  });
}

const server = createServer((request, response) => void current(request, response));
await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
let current = provider(issuer).callback();
console.log(JSON.stringify({ issuer }));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "rotate") current = provider(issuer).callback();
  console.log(JSON.stringify({ done: line }));
}
process.exit();
