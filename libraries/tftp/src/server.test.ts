import { execFile } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { serveTftp, type TftpOptions, type TftpServer, type TransferReport } from "./server.ts";

const FILE = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) & 0xff);
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server with one file, "boot/ipxe"; `ended` collects what it says of its transfers. */
async function serve(options: Partial<TftpOptions> = {}): Promise<{ server: TftpServer; ended: TransferReport[] }> {
  const ended: TransferReport[] = [];
  const server = await serveTftp({
    address: "127.0.0.1",
    port: 0,
    read: async (path) => (path === "boot/ipxe" ? FILE : undefined),
    onEnd: (report) => ended.push(report),
    ...options,
  });
  closing.push(() => server.close());
  return { server, ended };
}

async function curl(server: TftpServer, path: string, ...flags: string[]): Promise<Buffer> {
  const url = `tftp://127.0.0.1:${server.port}/${path}`;
  const { stdout } = await promisify(execFile)("curl", ["-sS", "--path-as-is", "--max-time", "10", ...flags, url], {
    encoding: "buffer",
  });
  return stdout;
}

async function client(): Promise<Socket> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  closing.push(async () => void socket.close());
  await once(socket, "listening");
  return socket;
}

async function answer(socket: Socket): Promise<{ bytes: Buffer; port: number }> {
  const [bytes, { port }] = (await once(socket, "message")) as [Buffer, { port: number }];
  return { bytes, port };
}

const READ_BOOT = "\0\x01boot/ipxe\0octet\0";

describe("curl", () => {
  it.each([["--tftp-no-options"], ["--tftp-blksize", "1024"], ["--tftp-blksize", "65464"]])(
    "gets the file with %s %s",
    async (...flags) => {
      const { server, ended } = await serve();
      expect((await curl(server, "/boot/ipxe", ...flags)).equals(FILE)).toBe(true);
      await expect.poll(() => ended).toMatchObject([{ path: "boot/ipxe", bytes: FILE.length }]);
      expect(ended[0]).not.toHaveProperty("error");
    },
  );

  it("gets many at the same time", async () => {
    const { server } = await serve();
    const files = await Promise.all(Array.from({ length: 6 }, () => curl(server, "/boot/ipxe")));
    expect(files.every((file) => file.equals(FILE))).toBe(true);
  });

  it("is told that a file does not exist, or is out of reach", async () => {
    const { server } = await serve();
    await expect(curl(server, "/boot/other")).rejects.toThrow("curl: (68)");
    await expect(curl(server, "//../boot/ipxe")).rejects.toThrow("curl: (69)");
  });

  it("cannot write", async () => {
    const { server } = await serve();
    await expect(curl(server, "/boot/new", "-T", import.meta.filename)).rejects.toThrow("curl: (");
  });
});

describe("a client that is not nice", () => {
  it("is given up on after a few repeats when it falls silent", async () => {
    const { server, ended } = await serve({ timeoutMs: 20, maxRepeats: 3 });
    const socket = await client();
    let packets = 0;
    socket.on("message", () => (packets += 1));
    socket.send(READ_BOOT, server.port, "127.0.0.1");
    await expect.poll(() => ended).toMatchObject([{ bytes: 0, error: "the client does not answer" }]);
    expect(packets).toBe(4);
  });

  it("gets lost blocks again, and none from a stranger's acknowledgement", async () => {
    const { server } = await serve({ timeoutMs: 100 });
    const socket = await client();
    socket.send(READ_BOOT, server.port, "127.0.0.1");
    const first = await answer(socket);
    const stranger = await client();
    stranger.send("\0\x04\0\x01", first.port, "127.0.0.1");
    const again = await answer(socket);
    expect(again.bytes.subarray(0, 4)).toEqual(Buffer.from("\0\x03\0\x01"));
    expect(again.port).toBe(first.port);
    socket.send("\0\x05\0\0enough\0", first.port, "127.0.0.1");
  });

  it("has only so many transfers at once", async () => {
    const { server, ended } = await serve({ maxTransfersPerPeer: 2, timeoutMs: 50, maxRepeats: 1 });
    const socket = await client();
    for (let i = 0; i < 5; i += 1) socket.send(READ_BOOT, server.port, "127.0.0.1");
    await expect.poll(() => ended.length).toBe(2);
    // Room again.
    expect((await curl(server, "/boot/ipxe")).equals(FILE)).toBe(true);
    expect(ended.filter(({ error }) => error !== undefined)).toHaveLength(2);
  });

  it("is told when the server stops", async () => {
    const { server } = await serve({ timeoutMs: 5_000 });
    const socket = await client();
    socket.send(READ_BOOT, server.port, "127.0.0.1");
    await answer(socket);
    const told = answer(socket);
    await closing.shift()!();
    expect((await told).bytes.toString("latin1")).toContain("the server stops");
  });
});
