import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { readJson } from "./rules-json.ts";
import { structReader } from "./rules-structs.ts";

const Part = Type.Object({ number: Type.Integer(), size: Type.Number(), label: Type.Optional(Type.String()) });
const Disk = Type.Object({
  device: Type.String(),
  wipe: Type.Boolean(),
  parts: Type.Array(Part),
  limits: Type.Object({ images: Type.Record(Type.String(), Type.String()) }),
  tags: Type.Optional(Type.Array(Type.String())),
  sizes: Type.Optional(Type.Record(Type.String(), Part)),
});
const read = structReader(Disk);
const ZERO = { device: "", wipe: false, parts: [], limits: { images: {} } };

describe("a body as Go reads it", () => {
  it.each<[string, string, object]>([
    ["has the zero value where something should be", "{}", ZERO],
    [
      "has it for null, at any depth",
      '{"device":null,"wipe":null,"parts":[null,{"number":null,"label":null}],"limits":{"images":null},"tags":null}',
      {
        ...ZERO,
        parts: [
          { number: 0, size: 0 },
          { number: 0, size: 0 },
        ],
      },
    ],
    ["has it in lists of texts", '{"tags":["a",null]}', { ...ZERO, tags: ["a", ""] }],
    [
      "has names in any case",
      '{"DEVICE":"a","Parts":[{"Number":1}]}',
      { ...ZERO, device: "a", parts: [{ number: 1, size: 0 }] },
    ],
    ["takes the last of several spellings", '{"device":"a","Device":"b"}', { ...ZERO, device: "b" }],
    ["keeps keys of maps as they are", '{"sizes":{"A":{"SIZE":1}}}', { ...ZERO, sizes: { A: { number: 0, size: 1 } } }],
    [
      "leaves what is of another type to its schema",
      '{"parts":"x","limits":[1],"wipe":"no"}',
      { ...ZERO, parts: "x", limits: [1], wipe: "no" },
    ],
    ["keeps what nobody knows", '{"obsolete":{"Device":1}}', { ...ZERO, obsolete: { Device: 1 } }],
    [
      "has the largest number for those that mean no limit",
      '{"parts":[{"number":18446744073709551615,"size":9223372036854775807}]}',
      { ...ZERO, parts: [{ number: 2 ** 63 - 1024, size: 2 ** 63 - 1024 }] },
    ],
  ])("%s", (_, text, fields) => expect(read(readJson(text))).toEqual(fields));

  it("may be anything where nothing is said of it", () => expect(structReader({})([1])).toEqual([1]));
});
