// Whatever a stranger sends, the BMC lives on and its sessions do too.
import { createSocket } from "node:dgram";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getChassisStatus } from "../client/commands.ts";
import { IpmiSession } from "../client/session.ts";
import { encodeSessionless } from "../packet.ts";
import { encodeOpenRequest } from "../rakp.ts";
import { CIPHER_SUITES } from "../cipher-suites.ts";
import { TestBmc } from "../test-bmc.ts";

let bmc: TestBmc;
beforeAll(async () => {
  bmc = await TestBmc.start();
});
afterAll(() => bmc.stop());

describe("a BMC that is sent garbage", () => {
  it("serves its sessions on", async () => {
    const login = { host: "127.0.0.1", port: bmc.port, user: "metal", password: "metalpw" };
    await using session = await IpmiSession.open(login);
    const socket = createSocket("udp4");
    const prefixes = [
      [],
      [6, 0, 0xff, 7, 6],
      [6, 0, 0xff, 7, 0],
      [6, 0, 0xff, 6],
      [6, 0, 0xff, 7, 6, 0x12, 0, 0, 0, 0],
    ];
    const datagram = fc.tuple(fc.constantFrom(...prefixes), fc.uint8Array({ maxLength: 120 }));
    await fc.assert(
      fc.asyncProperty(fc.array(datagram, { maxLength: 20 }), async (datagrams) => {
        for (const [prefix, garbage] of datagrams)
          socket.send(Buffer.concat([Buffer.from(prefix), garbage]), bmc.port, "127.0.0.1");
        expect((await getChassisStatus(session)).powered).toBe(false);
      }),
      { numRuns: 50 },
    );
    socket.close();
  });

  it("does not run out of slots when logins never finish", async () => {
    const socket = createSocket("udp4");
    for (let index = 0; index < 500; index += 1) {
      const request = { tag: 0, privilege: 4, consoleSessionId: index + 1, algorithms: CIPHER_SUITES[17] };
      socket.send(encodeSessionless(0x10, encodeOpenRequest(request)), bmc.port, "127.0.0.1");
    }
    const login = { host: "127.0.0.1", port: bmc.port, user: "metal", password: "metalpw" };
    await (await IpmiSession.open(login)).close();
    socket.close();
  });
});
