// A headscale for tests: the part of its HTTP API that metal-api uses, as recorded from real ones (0.28, and f20f1f1 of July 2026).
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface TestNode {
  id: string;
  name: string;
  user: { id: string; name: string } | null;
  online: boolean;
}

const API_KEY = "hskey-api-test";

/** Users, keys and nodes in memory; nodes are put there by tests. */
export async function startHeadscale() {
  const users: { id: string; name: string }[] = [];
  const nodes: TestNode[] = [];
  const keys: { user: string; reusable: boolean; ephemeral: boolean; expiration: string }[] = [];

  const answer = async (request: IncomingMessage): Promise<[status: number, body: object]> => {
    if (request.headers.authorization !== `Bearer ${API_KEY}`) return problem(401, "Unauthorized");
    const { pathname, searchParams } = new URL(request.url!, "http://headscale");
    const body = (request.method === "POST" ? await bodyOf(request) : {}) as Record<string, unknown>;
    switch (`${request.method} ${pathname.replace(/\/\d+$/, "/id")}`) {
      case "GET /api/v1/user":
        return [200, { users: users.filter(({ name }) => name === searchParams.get("name")) }];
      case "POST /api/v1/user": {
        if (users.some(({ name }) => name === body["name"])) return problem(409, "user already exists");
        users.push({ id: String(users.length + 1), name: String(body["name"]) });
        return [200, { user: users.at(-1) }];
      }
      case "POST /api/v1/preauthkey": {
        const user = users.find(({ id }) => id === body["user"]);
        if (!user) return problem(404, "creating pre-auth key");
        keys.push(body as never);
        return [200, { preAuthKey: { user, key: `hskey-auth-${randomBytes(6).toString("hex")}` } }];
      }
      case "GET /api/v1/node":
        return [200, { nodes }];
      case "DELETE /api/v1/node/id": {
        const at = nodes.findIndex(({ id }) => pathname.endsWith(`/${id}`));
        if (at === -1) return problem(404, "node not found");
        nodes.splice(at, 1);
        return [200, {}];
      }
      default:
        return problem(404, "Not Found");
    }
  };
  const server = createServer((request, response) => {
    void answer(request).then(([status, body]) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiKey: API_KEY,
    users,
    nodes,
    keys,
    close: () => new Promise<void>((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  };
}

function problem(status: number, detail: string): [number, object] {
  return [status, { title: "problem", status, detail }];
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}
