// What metal-api asks of headscale, over its HTTP API: the same in 0.28, which also had gRPC, and in later ones, which have not.
import type { HeadscaleSettings } from "./settings.ts";

/** Somebody waits for the answer. */
const TIMEOUT_MS = 10_000;
/** 100 000 nodes are about that. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export interface VpnNode {
  readonly id: string;
  /** The host name it joined with: a machine's id. */
  readonly name: string;
  /** The name of its user: a project's id. Empty for tagged nodes. */
  readonly user: string;
  readonly online: boolean;
}

/** What headscale answers, as far as it is looked at. Numbers of 64 bits are texts. */
interface Answers {
  readonly users?: readonly { readonly id: string; readonly name: string }[];
  readonly preAuthKey?: { readonly key?: string };
  readonly nodes?: readonly {
    readonly id: string;
    readonly name?: string;
    readonly user?: { readonly name?: string } | null;
    readonly online?: boolean;
  }[];
}

/** Headscale refused; the message is its own. */
class HeadscaleError extends Error {
  override readonly name = "HeadscaleError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Keeps no connection and no state. All methods throw an Error that a person can read. */
export class Headscale {
  readonly #settings: HeadscaleSettings;

  constructor(settings: HeadscaleSettings) {
    this.#settings = settings;
  }

  get controlPlaneAddress(): string {
    return this.#settings.controlPlaneAddress;
  }

  /** The id of the user with this name. */
  async userId(name: string): Promise<string | undefined> {
    const { users = [] } = await this.#call("GET", `/user?name=${encodeURIComponent(name)}`);
    return users.find((user) => user.name === name)?.id;
  }

  /** The id of the user with this name, who is made if need be. */
  async ensureUser(name: string): Promise<string> {
    const known = await this.userId(name);
    if (known !== undefined) return known;
    const refused = await this.#call("POST", "/user", { name }).then(
      () => undefined,
      (error: unknown) => error,
    );
    // Refused also when somebody else was faster; versions differ in how they say that.
    const made = await this.userId(name);
    if (made === undefined) throw refused ?? new Error(`headscale made no user "${name}"`);
    return made;
  }

  /** A key with which one node may join as this user. */
  async createKey(userId: string, expiration: Date, ephemeral: boolean): Promise<string> {
    const wanted = { user: userId, reusable: false, ephemeral, expiration: expiration.toISOString() };
    const { preAuthKey } = await this.#call("POST", "/preauthkey", wanted);
    if (!preAuthKey?.key) throw new Error("headscale answered without a key");
    return preAuthKey.key;
  }

  async nodes(): Promise<VpnNode[]> {
    const { nodes = [] } = await this.#call("GET", "/node");
    return nodes.map(({ id, name = "", user, online = false }) => ({ id, name, user: user?.name ?? "", online }));
  }

  /** Harmless when there is no such node. */
  async deleteNode(id: string): Promise<void> {
    try {
      await this.#call("DELETE", `/node/${encodeURIComponent(id)}`);
    } catch (error) {
      if (!(error instanceof HeadscaleError && error.status === 404)) throw error;
    }
  }

  async #call(method: string, path: string, body?: object): Promise<Answers> {
    const { address, apiKey } = this.#settings;
    const url = `${address}/api/v1${path}`;
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${apiKey.reveal()}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: Error) => {
      throw new Error(`headscale does not answer at ${address}: ${(error.cause as Error)?.message ?? error.message}`);
    });
    if (Number(response.headers.get("content-length") ?? 0) > MAX_ANSWER_BYTES)
      throw new Error(`headscale's answer is larger than ${MAX_ANSWER_BYTES / 1024 ** 2} MiB`);
    const text = await response.text();
    const answer = parsed(text);
    if (response.ok && answer) return answer;
    // Newer ones: problem details (RFC 9457); older ones: gRPC's status as JSON.
    const { detail, message } = (answer ?? {}) as { detail?: string; message?: string };
    throw new HeadscaleError(
      response.status,
      `headscale says ${response.status} ${detail ?? message ?? text.slice(0, 200)}`,
    );
  }
}

function parsed(text: string): Answers | undefined {
  if (text === "") return {};
  try {
    return JSON.parse(text) as Answers;
  } catch {
    return undefined;
  }
}
