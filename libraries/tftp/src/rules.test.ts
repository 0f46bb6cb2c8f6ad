import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { negotiate, safePath, Sending, toNetascii } from "./rules.ts";

const options = (record: Record<string, string>) => new Map(Object.entries(record));

describe("the terms of a transfer", () => {
  it("are 512 bytes and lock-step without options", () => {
    expect(negotiate(new Map(), 10, 1_468)).toMatchObject({ blockBytes: 512, window: 1, accepted: new Map() });
  });

  it("are what the client asks for, lowered to what this server does", () => {
    const terms = negotiate(options({ blksize: "65464", windowsize: "1000", tsize: "0", timeout: "3" }), 10, 1_468);
    expect(terms).toMatchObject({ blockBytes: 1_468, window: 64, timeoutSeconds: 3 });
    expect(terms.accepted).toEqual(options({ blksize: "1468", windowsize: "64", timeout: "3", tsize: "10" }));
  });

  it("ignore what is unknown or out of range", () => {
    const odd = options({ blksize: "7", windowsize: "0", timeout: "256", multicast: "", rollover: "1" });
    expect(negotiate(odd, 10, 1_468)).toMatchObject({ blockBytes: 512, window: 1, accepted: new Map() });
  });
});

/** A client on a network that loses packets, as `lost` decides; returns what it has at the end. */
function receive(data: Uint8Array, request: Record<string, string>, lost: () => boolean): Uint8Array {
  const terms = negotiate(options(request), data.length, 1_468);
  const sending = new Sending(data, terms);
  const blocks: Uint8Array[] = [];
  let complete = false;
  let packets = sending.window();
  for (let rounds = 0; !complete || !sending.done; rounds += 1) {
    if (rounds > 20_000) throw new Error("the transfer does not end");
    let acknowledged: number | undefined;
    for (const packet of packets) {
      if (lost()) continue;
      if (packet[1] === 6) acknowledged = 0;
      const block = packet[2]! * 256 + packet[3]!;
      if (packet[1] === 3) {
        if (block === ((blocks.length + 1) & 0xffff) && !complete) {
          blocks.push(packet.subarray(4));
          complete = packet.length - 4 < terms.blockBytes;
        }
        acknowledged = blocks.length & 0xffff;
      }
    }
    packets = acknowledged === undefined || lost() ? [] : sending.acknowledge(acknowledged);
    // A timeout.
    if (packets.length === 0 && !sending.done) packets = sending.window();
  }
  return Buffer.concat(blocks);
}

describe("a file", () => {
  it("arrives whole over a network that loses a third of the packets, whatever the terms", () => {
    const terms = fc.record({ blksize: fc.integer({ min: 8, max: 64 }), windowsize: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2_000, size: "max" }),
        fc.option(terms),
        fc.infiniteStream(fc.nat(2)),
        (data, wanted, luck) => {
          const request = wanted ? { blksize: `${wanted.blksize}`, windowsize: `${wanted.windowsize}` } : {};
          return Buffer.from(data).equals(receive(data, request, () => luck.next().value === 0));
        },
      ),
    );
  });

  it("of more than 65535 blocks goes on with block 0", () => {
    const data = new Uint8Array(8 * 70_000 + 3).map((_, i) => i * 7);
    expect(Buffer.from(data).equals(receive(data, { blksize: "8", windowsize: "64" }, () => false))).toBe(true);
  });

  it("of full blocks ends with an empty one", () => {
    const sending = new Sending(new Uint8Array(512), negotiate(new Map(), 512, 1_468));
    expect(sending.window()[0]).toHaveLength(4 + 512);
    expect(sending.acknowledge(1).map((packet) => packet.length)).toEqual([4]);
    expect(sending.acknowledge(2)).toEqual([]);
    expect(sending).toMatchObject({ done: true, acknowledgedBytes: 512 });
  });

  it("is not sent again for an acknowledgement that comes twice, or was never due", () => {
    const sending = new Sending(new Uint8Array(2_000), negotiate(new Map(), 2_000, 1_468));
    sending.window();
    expect(sending.acknowledge(1)).toHaveLength(1);
    expect(sending.acknowledge(1)).toEqual([]);
    expect(sending.acknowledge(4)).toEqual([]);
    expect(sending.acknowledge(0xffff)).toEqual([]);
  });
});

describe("a path", () => {
  it.each([
    ["snponly.efi", "snponly.efi"],
    ["/boot/x", "boot/x"],
    ["a..b", "a..b"],
    ["../etc/passwd", undefined],
    ["a/../b", undefined],
    ["//..", undefined],
    ["..\\x", undefined],
    ["a\nb", undefined],
    ["/", undefined],
    ["x".repeat(256), undefined],
  ])("%o is %o", (path, safe) => expect(safePath(path)).toBe(safe));
});

it("text goes out with the line ends of netascii", () => {
  expect(Buffer.from(toNetascii(Buffer.from("a\nb\rc"))).toString()).toBe("a\r\nb\r\0c");
});
