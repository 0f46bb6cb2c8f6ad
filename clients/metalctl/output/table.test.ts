// Tables as they are laid out, and the small words in them.
import { describe, expect, it } from "vitest";
import { bytes, longTime, span, truncate, truncateMiddle } from "./age.ts";
import { durationOf, goDuration, isDuration } from "./duration.ts";
import { markdown, table } from "./table.ts";

const HEADER = ["ID", "", "NAME", "NOTE"];
const BODY = [
  ["a-long-id", "💀", "one\ntwo", ""],
  ["b", "\u001b[32m●\u001b[0m", "three", ""],
];

describe("a table", () => {
  it("stands in columns, also with pictures, colours and cells of several lines", () => {
    expect(table(HEADER, BODY)).toBe(
      "ID             NAME   NOTE\n" +
        "a-long-id  💀  one\n" +
        "               two\n" +
        "b          \u001b[32m●\u001b[0m   three",
    );
    expect(table(undefined, [["x", "y"]])).toBe("x  y");
    expect(table(["ID"], [])).toBe("ID");
  });

  it("on a narrow terminal stands in several lines, without columns that say nothing", () => {
    expect(table(HEADER, BODY, 16)).toBe(
      "ID\n  NAME\na-long-id  💀\n  one\n  two\nb          \u001b[32m●\u001b[0m\n  three",
    );
    for (const line of table(HEADER, BODY, 16).split("\n")) expect(line.length).toBeLessThanOrEqual(24);
  });

  it("is aligned in Markdown, whose bars it escapes", () => {
    expect(markdown(["A", "B"], [["1|2", "x\ny"]])).toBe("| A    | B |\n|------|---|\n| 1\\|2 | x |\n|      | y |");
    expect(markdown(undefined, [["long", "x"]])).toBe("| long | x |");
    expect(markdown(undefined, [])).toBe("");
  });
});

it("writes spans, sizes and times as the original", () => {
  expect([0, 59_999, 60_000, 3_600_000, 90_061_000, 604_800_000 + 300_000].map(span)).toEqual([
    "0s",
    "59s",
    "1m",
    "1h",
    "1d 1h",
    "7d 5m",
  ]);
  expect([0, 9, 999, 1000, 1_073_741_824, 17_179_869_184, 9.99e14].map(bytes)).toEqual([
    "0 B",
    "9 B",
    "999 B",
    "1.0 kB",
    "1.1 GB",
    "17 GB",
    "999 TB",
  ]);
  expect([0, 120, 1_500, 120_000, 3_600_000].map(goDuration)).toEqual(["0s", "120ms", "1.5s", "2m0s", "1h0m0s"]);
  expect(longTime("2026-11-24T02:52:10.881Z")).toBe("Tue, 24 Nov 2026 02:52:10 UTC");
  expect([truncate("abcdefgh", 6), truncate("abcdef", 6), truncateMiddle("abcdefghij", 8)]).toEqual([
    "abc...",
    "abcdef",
    "abc...ij",
  ]);
});

it("reads durations", () => {
  expect(["1h30m", "7d", "500ms", "1.5s"].map((text) => durationOf(text, "--x"))).toEqual([
    5_400_000, 604_800_000, 500, 1_500,
  ]);
  expect(["", "1", "h", "1h ", "tomorrow"].filter(isDuration)).toEqual([]);
  expect(() => durationOf("soon", "--interval")).toThrow('--interval: "soon" is no duration');
});
