import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeClientPacket, encodeError, encodeOptionAck, Opcode } from "./packet.ts";

/** Packets captured from real clients; see README.md. */
function captured(name: string): Uint8Array {
  const text = readFileSync(new URL(`../testdata/${name}.hex`, import.meta.url), "utf8");
  return Buffer.from(text.replace(/^#.*$/gm, "").replace(/\s/g, ""), "hex");
}

describe("a captured request says which file and how", () => {
  it.each([
    ["ovmf-size-request", "snponly.efi", { tsize: "0", blksize: "1468", windowsize: "4" }],
    ["ovmf-read-request", "snponly.efi", { blksize: "1468", windowsize: "4" }],
    ["ipxe-read-request", "undionly.kpxe", { blksize: "1432", tsize: "0" }],
    ["curl-read-request", "undionly.kpxe", { tsize: "0", blksize: "1024", timeout: "6" }],
    ["atftp-read-request", "undionly.kpxe", { blksize: "1428", windowsize: "8" }],
    ["tftp-hpa-read-request", "undionly.kpxe", {}],
    ["busybox-read-request", "undionly.kpxe", { blksize: "1468", tsize: "0" }],
  ])("%s", (name, path, options) => {
    expect(decodeClientPacket(captured(name))).toEqual({
      opcode: Opcode.RRQ,
      path,
      mode: "octet",
      options: new Map(Object.entries(options)),
    });
  });

  it("and later acknowledges, or breaks off", () => {
    expect(decodeClientPacket(captured("ovmf-ack"))).toEqual({ opcode: Opcode.ACK, block: 4 });
    expect(decodeClientPacket(captured("ovmf-abort"))).toEqual({
      opcode: Opcode.ERROR,
      code: 8,
      message: "User aborted the transfer",
    });
  });
});

describe("what a client never sends", () => {
  it.each([
    ["nothing", ""],
    ["half an opcode", "\0"],
    ["a request without end", "\0\x01file\0octet"],
    ["a request without file", "\0\x01\0octet\0"],
    ["mail (RFC 1350 calls it obsolete)", "\0\x01file\0mail\0"],
    ["data", "\0\x03\0\x01x"],
    ["an unknown opcode", "\0\x09\0\x01"],
    ["a request longer than 512 bytes", `\0\x01${"x".repeat(600)}\0octet\0`],
  ])("is ignored: %s", (_, text) => expect(decodeClientPacket(Buffer.from(text, "latin1"))).toBeUndefined());

  it("never does more than be ignored", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void decodeClientPacket(bytes)));
  });
});

it("keeps to the wire format in its answers", () => {
  expect(Buffer.from(encodeOptionAck(new Map([["blksize", "1468"]]))).toString("latin1")).toBe(
    "\0\x06blksize\x001468\0",
  );
  expect(Buffer.from(encodeError(1, "file not found")).toString("latin1")).toBe("\0\x05\0\x01file not found\0");
});
