// Our client with our BMC: what goes wrong on a network, and with people.
import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NetFn } from "../constants.ts";
import { guessGuid } from "../guid.ts";
import { TestBmc, testUser } from "../test-bmc.ts";
import * as commands from "./commands.ts";
import { readFru } from "./fru.ts";
import { IpmiSession, type SessionOptions } from "./session.ts";
import { openSol } from "./sol.ts";
import * as users from "./users.ts";

const IMPATIENT = { attempts: 4, firstWaitMs: 60 };
let bmc: TestBmc;

beforeEach(async () => {
  bmc = await TestBmc.start({ idleTimeoutMs: 400, maxSessions: 8 });
});
afterEach(() => bmc.stop());

function open(more: Partial<SessionOptions> = {}): Promise<IpmiSession> {
  const login = { host: "127.0.0.1", port: bmc.port, user: "metal", password: "metalpw", patience: IMPATIENT };
  return IpmiSession.open({ ...login, ...more });
}

describe("a session", () => {
  it.each([3, 17] as const)("with cipher suite %i reads all there is to know of a machine", async (suite) => {
    await using session = await open({ cipherSuites: [suite] });
    expect(session.cipherSuite).toBe(suite);
    expect(guessGuid(await commands.getSystemGuid(session))).toBe(bmc.uuid);
    expect(await commands.getLanMac(session)).toBe("52:54:00:00:00:01");
    expect(await commands.getLanAddress(session)).toBe("127.0.0.1");
    expect((await commands.getDeviceId(session)).firmware).toBe("1.07");
    expect(await readFru(session)).toMatchObject({ chassis: { serial: "C-1" }, product: { serial: "P-1" } });
    await commands.setBootFlags(session, { device: "disk", persistent: true, efi: true });
    expect(await commands.getBootFlags(session)).toEqual({ device: "disk", persistent: true, efi: true });
  });

  it("is gone from the BMC after it was closed", async () => {
    const session = await open();
    expect(bmc.server.sessionCount).toBe(1);
    await session.close();
    expect(bmc.server.sessionCount).toBe(0);
    await expect(commands.getDeviceId(session)).rejects.toMatchObject({ kind: "closed" });
  });

  it("is ended by the BMC when it stays silent", async () => {
    await open();
    await expect.poll(() => bmc.server.sessionCount, { timeout: 5000 }).toBe(0);
  });

  it("does not disturb its neighbours, up to as many as the BMC has slots", async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, () => open()));
    const answers = sessions.flatMap((session) => [1, 2, 3, 4].map(() => commands.getChassisStatus(session)));
    expect((await Promise.all(answers)).length).toBe(32);
    await expect(open()).rejects.toMatchObject({ kind: "refused" });
    await Promise.all(sessions.map((session) => session.close()));
    await (await open()).close();
  });

  it("names the completion code of a refused command", async () => {
    await using session = await open();
    await expect(session.request(NetFn.APP, 0xef)).rejects.toThrow(/unknown command \(0xc1\)/);
    await expect(commands.chassisControl(session, "reset")).rejects.toMatchObject({ completionCode: 0xd5 });
  });

  it("lets nobody do more than their privilege allows", async () => {
    bmc.controller.users.change(3, testUser({ id: 3, name: "reader", password: "readonly", privilege: 2 }));
    const login = { user: "reader", password: "readonly" };
    await expect(open(login)).rejects.toMatchObject({ kind: "wrong-user" });
    await using session = await open({ ...login, privilege: 2 });
    expect((await commands.getChassisStatus(session)).powered).toBe(false);
    await expect(commands.chassisControl(session, "on")).rejects.toMatchObject({ completionCode: 0xd4 });
  });
});

describe("users", () => {
  it("are made, get a password of up to 20 characters, and reach the console", async () => {
    {
      await using session = await open();
      await users.setUserName(session, 4, "tenant");
      await users.setUserPassword(session, 4, "twenty-bytes-exactly");
      await users.enableUser(session, 4, true);
      await users.grantAccess(session, 4, 4);
      await users.grantSol(session, 4);
      expect(await users.getUserName(session, 4)).toBe("tenant");
      expect(await users.getUserAccess(session, 4)).toEqual({ enabled: true, ipmiMessaging: true, privilege: 4 });
    }
    await using session = await open({ user: "tenant", password: "twenty-bytes-exactly" });
    (await openSol(session)).destroy();
    await expect(users.setUserName(session, 5, "tenant")).rejects.toMatchObject({ completionCode: 0xcc });
    await expect(users.setUserName(session, 1, "nameless")).rejects.toMatchObject({ completionCode: 0xcc });
  });
});

describe("a login", () => {
  it("fails with a reason: wrong password, wrong user, nobody there", async () => {
    await expect(open({ password: "wrong" })).rejects.toMatchObject({ kind: "wrong-password" });
    await expect(open({ user: "nobody" })).rejects.toMatchObject({ kind: "wrong-user" });
    const { port } = bmc;
    bmc.stop();
    await expect(open({ port })).rejects.toMatchObject({ kind: "unreachable" });
    bmc = await TestBmc.start();
  });

  it("uses a password that was changed a moment ago", async () => {
    bmc.controller.users.change(2, { password: "changed" });
    await expect(open()).rejects.toMatchObject({ kind: "wrong-password" });
    await (await open({ password: "changed" })).close();
  });

  it("ends at once when its signal says so", async () => {
    const silent = createSocket("udp4");
    silent.bind(0, "127.0.0.1");
    await once(silent, "listening");
    const signal = AbortSignal.timeout(50);
    await expect(open({ port: silent.address().port, signal })).rejects.toThrow(/gave up waiting/);
    silent.close();
  });
});

/** A network between client and BMC that does as `fate` says with every datagram. */
async function network(fate: (index: number) => "pass" | "lose" | "double" | "garbage") {
  const front = createSocket("udp4");
  const back = createSocket("udp4");
  let index = 0;
  let client = 0;
  const carry = (to: Socket, port: () => number) => (datagram: Buffer) => {
    const what = fate(index);
    index += 1;
    if (what === "lose") return;
    if (what === "garbage") to.send(Buffer.concat([datagram.subarray(0, 16), randomBytes(40)]), port(), "127.0.0.1");
    to.send(datagram, port(), "127.0.0.1");
    if (what === "double") to.send(datagram, port(), "127.0.0.1");
  };
  front.on("message", (_datagram, remote) => (client = remote.port));
  front.on(
    "message",
    carry(back, () => bmc.port),
  );
  back.on(
    "message",
    carry(front, () => client),
  );
  front.bind(0, "127.0.0.1");
  back.bind(0, "127.0.0.1");
  await Promise.all([once(front, "listening"), once(back, "listening")]);
  const close = () => [front, back].forEach((socket) => socket.close());
  return { port: front.address().port, close };
}

describe("on a bad network", () => {
  it("every third datagram may be lost, every other doubled or preceded by garbage", async () => {
    const fates = ["pass", "lose", "double", "garbage", "pass", "lose", "garbage", "pass"] as const;
    const bad = await network((index) => fates[index % fates.length]!);
    await using session = await open({ port: bad.port, patience: { attempts: 8, firstWaitMs: 40 } });
    for (let round = 0; round < 5; round += 1) expect((await commands.getChassisStatus(session)).powered).toBe(false);
    await session.close();
    bad.close();
  });

  it("a lost answer does not make a command happen twice", async () => {
    let losing = false;
    const lossy = await network(() => {
      if (!losing) return "pass";
      // The request passes, its answer does not.
      losing = bmc.chassis.actions.length === 0;
      return bmc.chassis.actions.length === 0 ? "pass" : "lose";
    });
    const session = await open({ port: lossy.port });
    losing = true;
    await commands.chassisControl(session, "on");
    expect(bmc.chassis.actions).toEqual(["on"]);
    await session.close();
    lossy.close();
  });
});

describe("the serial console", () => {
  it("carries what is printed and what is typed, also more than fits one packet", async () => {
    await using session = await open();
    const sol = await openSol(session);
    let seen = "";
    sol.on("data", (data: Buffer) => (seen += data.toString()));
    const text = "SeaBIOS ".repeat(200);
    bmc.console.print(text);
    sol.write("ls -l\n");
    await expect.poll(() => seen, { timeout: 5000 }).toBe(text);
    await expect.poll(() => bmc.console.typed).toBe("ls -l\n");
    sol.destroy();
    await expect.poll(() => bmc.console.watched).toBe(false);
  });

  it("belongs to one session at a time, and is free again when that ends", async () => {
    const first = await open();
    await openSol(first);
    const second = await open();
    await expect(openSol(second)).rejects.toMatchObject({ completionCode: 0x80 });
    await first.close();
    const sol = await openSol(second);
    sol.destroy();
    await sleep(20);
    await second.close();
  });
});
