import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hardware, SizeConstraint } from "../database/documents.ts";
import { compileGlob } from "./rules-glob.ts";
import { matchSize, overlapping, sizeProblem, suggestConstraints } from "./rules.ts";

const GIB = 1024 ** 3;

function server(more: Partial<Hardware> = {}): Hardware {
  return {
    memory: 64 * GIB,
    cpus: [{ model: "Xeon D-2141I", cores: 8, threads: 16 }],
    gpus: [],
    nics: [],
    disks: [
      { name: "/dev/sda", size: 960 },
      { name: "/dev/nvme0n1", size: 3840 },
    ],
    ...more,
  };
}

const size = (id: string, ...constraints: SizeConstraint[]) => ({ id, constraints });
const cores = { type: "cores", min: 8, max: 8 };
const memory = { type: "memory", min: 60 * GIB, max: 70 * GIB };
const storage = { type: "storage", min: 1000, max: 9000 };

describe("a server is of a size", () => {
  it("when all constraints hold, bounds included", () => {
    expect(matchSize([size("small", cores, memory, storage)], server())?.id).toBe("small");
    expect(matchSize([size("small", cores, memory, storage)], server({ memory: 70 * GIB }))?.id).toBe("small");
    expect(matchSize([size("small", cores, memory, storage)], server({ memory: 70 * GIB + 1 }))).toBeUndefined();
  });

  it.each([
    ["a GPU", server({ gpus: [{ model: "H100" }] })],
    ["a disk", server({ disks: [...server().disks, { name: "/dev/sdb", size: 1 }] })],
  ])("only when no part is uncounted, like %s", (_what, hardware) => {
    const picky = size(
      "picky",
      cores,
      memory,
      { ...storage, identifier: "/dev/sda", min: 1 },
      { ...storage, identifier: "/dev/nvme*" },
    );
    expect(matchSize([picky], server())?.id).toBe("picky");
    expect(matchSize([picky], hardware)).toBeUndefined();
  });

  it("only when its memory is constrained", () => {
    expect(matchSize([size("any", cores, storage)], server())).toBeUndefined();
  });

  it("when it has the GPUs that are asked for", () => {
    const gpus = size("gpus", cores, memory, storage, { type: "gpu", min: 2, max: 2, identifier: "AD102*" });
    expect(matchSize([gpus], server({ gpus: [{ model: "AD102GL" }, { model: "AD102GL" }] }))?.id).toBe("gpus");
    expect(matchSize([gpus], server({ gpus: [{ model: "AD102GL" }] }))).toBeUndefined();
  });

  it("only when exactly one size matches", () => {
    const one = size("one", cores, memory, storage);
    expect(matchSize([one, { ...one, id: "two" }], server())).toBeUndefined();
    expect(matchSize([one, size("without constraints")], server())?.id).toBe("one");
  });

  it("that was suggested for it, whatever it is", () => {
    const name = fc.stringMatching(/^[a-zA-Z0-9 /[\]*?\\-]{1,12}$/);
    const amount = fc.integer({ min: 1, max: 2 ** 40 });
    const hardware = fc.record({
      memory: amount,
      cpus: fc.array(fc.record({ model: name, cores: fc.integer({ min: 1, max: 256 }), threads: fc.constant(1) }), {
        minLength: 1,
        maxLength: 4,
      }),
      gpus: fc.array(fc.record({ model: name }), { maxLength: 4 }),
      nics: fc.constant([]),
      disks: fc.array(fc.record({ name, size: amount }), { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(hardware, (machine) => {
        const suggested = size("suggested", ...suggestConstraints(machine));
        expect(sizeProblem(suggested)).toBeUndefined();
        expect(matchSize([suggested], machine)?.id).toBe("suggested");
      }),
    );
  });
});

describe("a size is refused", () => {
  it.each([
    [{ type: "cores", min: 2, max: 1 }, /max is smaller than min/],
    [{ type: "gpu", min: 1, max: 1 }, /identifier is required/],
    [{ type: "memory", min: 1, max: 1, identifier: "x" }, /not allowed/],
    [{ type: "cores", min: 1, max: 1, identifier: "[a" }, /malformed/],
  ])("with the constraint %j", (constraint, problem) => {
    expect(sizeProblem(size("x", constraint))).toMatch(problem);
  });

  it("with two constraints for memory or for cores", () => {
    expect(sizeProblem(size("x", memory, memory))).toMatch(
      /^size "x" is invalid: constraint at index 1 is invalid: type duplicates are not allowed for type "memory"$/,
    );
    expect(sizeProblem(size("x", cores, cores))).toMatch(/duplicates are not allowed for type "cores"/);
  });

  it("when some hardware could be of another as well", () => {
    const a = size("a", cores, memory);
    expect(overlapping(a, [size("b", cores, { ...memory, min: 70 * GIB, max: 80 * GIB })])?.id).toBe("b");
    expect(overlapping(a, [size("b", cores, { ...memory, min: 71 * GIB, max: 80 * GIB })])).toBeUndefined();
    expect(overlapping(a, [size("b", cores, memory, storage), a, size("empty")])).toBeUndefined();
  });

  it("also with several models of GPUs", () => {
    const gpu = (identifier: string, min: number, max: number) => ({ type: "gpu", identifier, min, max });
    const a = size("a", cores, memory, gpu("A100*", 1, 2), gpu("H100*", 1, 2));
    expect(overlapping(a, [size("b", gpu("H100*", 2, 3), cores, memory, gpu("A100*", 2, 2))])?.id).toBe("b");
    expect(overlapping(a, [size("b", cores, memory, gpu("A100*", 1, 2), gpu("H100*", 3, 4))])).toBeUndefined();
    expect(overlapping(a, [size("b", cores, memory, gpu("A100*", 1, 2))])).toBeUndefined();
  });
});

describe("a glob", () => {
  it.each([
    ["", "anything", true],
    ["*", "Xeon", true],
    ["*", "/dev/sda", false],
    ["/dev/*", "/dev/sda", true],
    ["/dev/sd?", "/dev/sda", true],
    ["/dev/sd[a-c]", "/dev/sdb", true],
    ["/dev/sd[^a-c]", "/dev/sdb", false],
    [String.raw`\*`, "*", true],
    [String.raw`\*`, "x", false],
    ["Xeon (R)", "Xeon (R)", true],
    ["a.c", "abc", false],
    ["[a-]", "-", undefined],
    ["[", "[", undefined],
    ["[]a]", "]", undefined],
    ["x\\", "x", undefined],
  ])("%j matches %j: %s", (glob, text, expected) => {
    expect(compileGlob(glob)?.(text)).toBe(expected);
  });

  it("of any kind neither throws nor takes long", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), fc.string({ maxLength: 100 }), (glob, text) => {
        compileGlob(glob)?.(text);
      }),
    );
  });
});
