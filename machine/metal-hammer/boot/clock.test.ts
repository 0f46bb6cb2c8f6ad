import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseNtpAnswer, trustedTime } from "./clock.ts";

function answer({ mode = 4, leap = 0, stratum = 2, seconds = 4_004_000_000, fraction = 0x8000_0000 } = {}): Buffer {
  const packet = Buffer.alloc(48);
  packet[0] = (leap << 6) | (4 << 3) | mode;
  packet[1] = stratum;
  packet.writeUInt32BE(seconds, 40);
  packet.writeUInt32BE(fraction, 44);
  return packet;
}

describe("an NTP answer", () => {
  it("tells the time to the fraction of a second", () => {
    expect(parseNtpAnswer(answer())?.toISOString()).toBe("2026-11-18T14:13:20.500Z");
  });

  it.each([
    ["from a client", { mode: 3 }],
    ["of a server that is not synchronised", { leap: 3 }],
    ["that tells the client to go away", { stratum: 0 }],
    ["from before 1970", { seconds: 5 }],
  ])("%s is no time", (_, fields) => expect(parseNtpAnswer(answer(fields))).toBeUndefined());

  it("may be any noise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
        const time = parseNtpAnswer(noise);
        expect(time === undefined || time.getTime() > 0).toBe(true);
      }),
    );
  });
});

describe("the time", () => {
  it("is the boot server's when there is no NTP server", async () => {
    const fallback = new Date("2026-11-23T16:00:00Z");
    expect(await trustedTime([], fallback)).toEqual({ time: fallback, source: "boot server" });
    expect(await trustedTime([], undefined)).toBeUndefined();
  });
});
