// A real OpenID Connect provider as a process of its own, for tests of the log-in. It prints its issuer as JSON. Its pages
// ask for a name and a password as those of others do; everybody is let in.
// The words it is started with: how many seconds an id token is good for.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

const HOUR_SECONDS = 3600;
const idTokenSeconds = Number(process.argv[2] ?? HOUR_SECONDS);

const server = createServer((request, response) => void handle(request, response));
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "metalctl",
      client_secret: "of-the-test",
      application_type: "native",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: ["http://localhost/callback"],
      response_types: ["code"],
    },
  ],
  scopes: ["openid", "offline_access", "federated:id"],
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email"], groups: ["groups"] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  ttl: { IdToken: idTokenSeconds, AccessToken: idTokenSeconds, Session: HOUR_SECONDS, Grant: HOUR_SECONDS },
  features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `The ${id}`, preferred_username: id, email: `${id}@example.org`, groups: ["ops"] }),
  }),
});
const handle = provider.callback();
console.log(JSON.stringify({ issuer }));
// Ends with its test.
process.stdin.on("end", () => process.exit()).resume();
