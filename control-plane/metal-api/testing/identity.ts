// The identity provider of tests, from outside.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface, type Interface } from "node:readline";

export interface IdentityProvider {
  readonly issuer: string;
  /** A token for this audience with these claims, valid for an hour. */
  token(audience: string, claims: Record<string, unknown>): Promise<string>;
  /** From now on it signs with another key, and gives no other. */
  rotate(): Promise<void>;
  stop(): Promise<void>;
}

/** @param port 0 picks a free one */
export async function startIdentityProvider(port = 0): Promise<IdentityProvider> {
  const script = new URL("identity-provider.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, String(port)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const { issuer } = JSON.parse(await answerOf(child, lines)) as { issuer: string };
  return {
    issuer,
    token: async (audience, claims) => {
      const wish = new URLSearchParams({ audience, claims: JSON.stringify(claims) });
      const response = await fetch(`${issuer}/token`, {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from("tester:of-the-test").toString("base64")}` },
        body: new URLSearchParams({ grant_type: "client_credentials", resource: `https://metal-api.test/?${wish}` }),
      });
      const answer = (await response.json()) as { access_token?: string };
      if (answer.access_token === undefined) throw new Error(`no token: ${JSON.stringify(answer)}`);
      return answer.access_token;
    },
    rotate: async () => {
      const done = answerOf(child, lines);
      child.stdin.write("rotate\n");
      await done;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function answerOf(child: ChildProcess, lines: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.on("line", function next(line) {
      if (!line.startsWith("{")) return;
      lines.off("line", next);
      resolve(line);
    });
    child.once("exit", (code) => reject(new Error(`the identity provider ended with ${code}`)));
  });
}
