import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundaryOf, fieldOf } from "./multipart.ts";

const BOUNDARY = "----boundary42";

function form(...parts: readonly (readonly [name: string, content: Buffer])[]): Buffer {
  const head = (name: string) =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="a"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return Buffer.concat([
    ...parts.flatMap(([name, content]) => [Buffer.from(head(name)), content, Buffer.from("\r\n")]),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ]);
}

async function* pieces(body: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}

async function read(body: Buffer, size = 1000): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of fieldOf(pieces(body, size), BOUNDARY, "file")) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("a form with a file", () => {
  it("gives the file back whatever is in it and however it is cut", async () => {
    // Line breaks and dashes, so that much of it looks like the beginning of a boundary.
    const content = fc.array(fc.constantFrom("\r", "\n", "-", "b", "4", `\r\n--${BOUNDARY.slice(0, 6)}`), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(content, content, fc.integer({ min: 1, max: 80 }), async (file, other, size) => {
        const body = form(["note", Buffer.from(other.join(""))], ["file", Buffer.from(file.join(""))]);
        expect((await read(body, size)).toString()).toBe(file.join(""));
      }),
    );
  });

  it.each([
    ["nothing", "", "the form ends before its last boundary"],
    ["no form", "hello", "the form ends before its last boundary"],
    ["no file", form(["other", Buffer.from("x")]).toString(), 'no file in its field "file"'],
    ["no part", `--${BOUNDARY}--\r\n`, 'no file in its field "file"'],
    [
      "half a form",
      form(["file", Buffer.from("firmware")])
        .toString()
        .slice(0, -20),
      "ends before its last boundary",
    ],
    ["endless headers", `--${BOUNDARY}\r\n${"x".repeat(20_000)}`, "headers of a part of the form are too long"],
  ])("is refused when it is %s", async (_, body, message) => {
    await expect(read(Buffer.from(body))).rejects.toThrow(message);
  });

  it("names its boundary", () => {
    expect(boundaryOf('multipart/form-data; charset=x; boundary="a b"')).toBe("a b");
    expect(boundaryOf("multipart/form-data; boundary=ab; x=y")).toBe("ab");
    expect(() => boundaryOf("multipart/form-data")).toThrow("no multipart boundary");
    expect(() => boundaryOf(`multipart/form-data; boundary=${"a".repeat(71)}`)).toThrow("no multipart boundary");
  });
});
