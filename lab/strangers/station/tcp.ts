// HTTP by hand, so that nothing tidies a path up on its way, and connections that are only held.
import { connect, type Socket } from "node:net";

export interface RawRequest {
  readonly host: string;
  readonly port: number;
  /** As it stands in the request line. */
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface RawAnswer {
  /** 0: the connection was refused, cut or silent. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

const TIMEOUT_MS = 5_000;
const NOTHING: RawAnswer = { status: 0, head: "", body: "" };

export async function http({
  host,
  port,
  path,
  method = "GET",
  headers = {},
  timeoutMs,
}: RawRequest): Promise<RawAnswer> {
  const lines = Object.entries({ host, connection: "close", ...headers }).map(([name, value]) => `${name}: ${value}`);
  const text = await exchange(host, port, `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`, timeoutMs);
  const end = text.indexOf("\r\n\r\n");
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  return status === undefined
    ? NOTHING
    : { status: Number(status), head: text.slice(0, end), body: text.slice(end + 4) };
}

function exchange(host: string, port: number, bytes: string, timeoutMs = TIMEOUT_MS): Promise<string> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect(port, host);
    socket.setEncoding("latin1").setTimeout(timeoutMs, () => socket.destroy());
    socket.on("data", (piece: string) => (heard += piece));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(heard));
    socket.write(bytes, "latin1");
  });
}

const held: Socket[] = [];

/** Opens connections and says only `start` on each; answers how many the server has taken. */
export async function tcpHold(order: { host: string; port: number; count: number; start: string }): Promise<number> {
  const opened = Array.from({ length: order.count }, async () => {
    const socket = connect(order.port, order.host);
    held.push(socket);
    socket.on("error", () => undefined);
    return new Promise<boolean>((resolve) => {
      socket.once("connect", () => {
        socket.write(order.start);
        resolve(true);
      });
      socket.once("close", () => resolve(false));
    });
  });
  return (await Promise.all(opened)).filter(Boolean).length;
}

/** How many of the held connections the server has not ended yet. */
export async function tcpHeld(): Promise<number> {
  return held.filter((socket) => socket.readyState === "open").length;
}

export async function tcpRelease(): Promise<void> {
  for (const socket of held.splice(0)) socket.destroy();
}
