// Templates print what Go prints: what testdata/filled.tsv says, and real Go where it is.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Refusal } from "../../errors.ts";
import { compile, FUNCTIONS } from "./template.ts";
import type { Value } from "./values.ts";

const TESTDATA = join(import.meta.dirname, "testdata");
const DOCUMENT = JSON.parse(readFileSync(join(TESTDATA, "document.json"), "utf8")) as Value;
/** The names of sprig's functions. */
const SPRIG = readFileSync(join(TESTDATA, "functions.txt"), "utf8").trimEnd().split("\n");
const BUILD_MS = 300_000;

/** Templates, and as JSON what Go makes of them. */
const FILLED = readFileSync(join(TESTDATA, "filled.tsv"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => line.split("\t") as [template: string, printed: string])
  .map(([template, printed]) => [template, JSON.parse(printed) as string] as const);

/** In several lines, with marks that take blanks away. */
const LINES = [
  "x\n  {{- range .networks }}\n{{ .id }}\n{{- end }}\ny",
  "{{ range .tags -}}\n  {{ . }},\n{{- end }}\n{{- /* the end */ -}}\n  !",
] as const;
const LINES_FILLED = ["x\ninet\npriv\nthird\ny", "a=1,b,a=1,,é<&>,!"] as const;

/** Templates with a mistake, where it is, and what is said of it. */
const MISTAKES: readonly (readonly [template: string, place: string, message: string])[] = [
  ["{{.id", "1, column 1", "}} is missing"],
  ["{{/* abc}}", "1, column 1", "the comment does not end"],
  ['a\n{{ "abc }}', "2, column 4", "the text does not end"],
  ["{{ @ }}", "1, column 4", '"@" has no meaning here'],
  ["{{ 3x }}", "1, column 5", 'expected a blank, but there is "x"'],
  ["{{ .a. }}", "1, column 6", "expected a blank"],
  [String.raw`{{ "\q" }}`, "1, column 4", "is no escape"],
  ["{{ }}", "1, column 4", "expected a value"],
  ["{{ | .id }}", "1, column 4", "expected a value"],
  ["{{ (.id }}", "1, column 9", 'expected an operand, "|" or )'],
  ["{{ .id) }}", "1, column 7", 'expected an operand, "|" or }}'],
  ["{{ len(.id) }}", "1, column 7", "expected a blank"],
  ["{{ foo .id }}", "1, column 4", 'there is no function "foo"'],
  ["{{ $x }}", "1, column 4", "there is no variable $x"],
  ["{{ if .id }}{{ $x := 1 }}{{ end }}{{ $x }}", "1, column 38", "there is no variable $x"],
  ["{{ if .id }}", "1, column 4", "{{end}} is missing"],
  ["{{ range .tags }}{{ else }}", "1, column 4", "{{end}} is missing"],
  ["{{ end }}", "1, column 4", "ends nothing"],
  ["{{ if .a }}{{ else }}{{ else }}{{ end }}", "1, column 25", "a second {{else}}"],
  ["{{ break }}", "1, column 4", "stands in no {{range}}"],
  ["{{ $x, $y := .id }}", "1, column 8", "only {{range}} has two variables"],
  ["{{ 1 | 2 }}", "1, column 8", "must be a function"],
  ["{{ nil }}", "1, column 4", "nil is no command"],
  ['{{ "a".b }}', "1, column 4", "a constant has no fields"],
  ["\n\n  {{ .id.x }}", "3, column 6", "there is no field x in a string"],
  ['{{ .id "a" }}', "1, column 8", "only functions take arguments"],
  ["{{ range .id }}{{ end }}", "1, column 10", "cannot go through a string"],
  ['{{ template "nope" }}', "1, column 4", 'there is no template "nope"'],
  ["{{ upper }}", "1, column 4", "takes 1 arguments, not 0"],
  ["{{ upper .n }}", "1, column 10", "expected string, not float64"],
  ["{{ and }}", "1, column 4", "takes 1 or more arguments, not 0"],
  ["{{ index .tags 9 }}", "1, column 4", "index: index 9 is out of range"],
  ["{{ len .missing }}", "1, column 4", "len: <nil> has no length"],
  ["{{ eq .id 1 }}", "1, column 4", "eq: cannot compare string with int"],
  ["{{ lt .tags 1 }}", "1, column 4", "lt: cannot compare"],
  ["{{ div 1 0 }}", "1, column 4", "div: division by 0"],
  ['{{ fail "stop" }}', "1, column 4", "fail: stop"],
];

function refusal(template: string): Refusal {
  try {
    compile(template)(DOCUMENT);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error(`${template} has no mistake`);
}

describe("a template", () => {
  it.each(FILLED)("%s", (template, printed) => {
    expect(compile(template)(DOCUMENT)).toBe(printed);
  });

  it("in several lines keeps those that no mark takes away", () => {
    expect(LINES.map((template) => compile(template)(DOCUMENT))).toEqual(LINES_FILLED);
  });

  it("takes numbers of JSON and whole numbers for each other, and fields of what is null for nothing", () => {
    expect(compile("{{ eq .n 3 }} {{ gt .n 2 }} {{ until .n }} {{ .none.deeper }} {{ slice .id 0 1 }}")(DOCUMENT)).toBe(
      "true true [0 1 2] <no value> m",
    );
  });

  it("has all functions of sprig, but for one that would ask the network for names", () => {
    expect(SPRIG.filter((name) => !Object.hasOwn(FUNCTIONS, name))).toEqual(["getHostByName"]);
  });

  it.each(MISTAKES)("with a mistake, %s, is refused with its place", (template, place, message) => {
    expect(refusal(template).message).toContain(`--template, line ${place}: `);
    expect(refusal(template).message).toContain(message);
  });

  it("with a mistake is shown with a mark below the place", () => {
    expect(refusal("first\n\t{{ .id | foo }}").details).toBe("\t{{ .id | foo }}\n\t         ^");
  });
});

describe("real Go", () => {
  const folder = mkdtempSync(join(tmpdir(), "go-template-"));
  const program = join(folder, "fill");
  let missing: string | undefined;
  beforeAll(() => {
    try {
      const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/local/go/bin`, GOFLAGS: "-mod=readonly" };
      execFileSync("go", ["build", "-o", program, "."], { cwd: TESTDATA, env, stdio: "pipe" });
    } catch (error) {
      missing = `Go, or a module for it, is not here: ${(error as Error).message.split("\n")[0]}`;
      console.warn(`SKIPPED: templates against real Go: ${missing}`);
    }
  }, BUILD_MS);
  afterAll(() => rmSync(folder, { recursive: true }));

  const ask = (templates: readonly string[]) => {
    const input = templates.map((template) => `${JSON.stringify({ template, document: DOCUMENT })}\n`).join("");
    const lines = execFileSync(program, { input, encoding: "utf8" }).trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as { printed: string; error?: string });
  };

  it("prints the same", (context) => {
    if (missing) return context.skip(missing);
    const templates = [...FILLED.map(([template]) => template), ...LINES];
    const printed = [...FILLED.map(([, text]) => text), ...LINES_FILLED];
    for (const [at, { printed: theirs, error }] of ask(templates).entries())
      expect.soft([error, theirs], templates[at]).toEqual([undefined, printed[at]]);
  });

  it("refuses the same", (context) => {
    if (missing) return context.skip(missing);
    const templates = MISTAKES.map(([template]) => template);
    for (const [at, { error }] of ask(templates).entries()) expect.soft(error, templates[at]).toBeDefined();
  });

  it("knows the functions that sprig has", (context) => {
    if (missing) return context.skip(missing);
    // A template that names a function parses only where there is one.
    const known = ask(SPRIG.map((name) => `{{ if false }}{{ ${name} }}{{ end }}`));
    expect(known.map(({ error }) => error).filter((error) => error?.includes("not defined"))).toEqual([]);
  });
});
