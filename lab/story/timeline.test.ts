import { describe, expect, it } from "vitest";
import { Timeline } from "./timeline.ts";

describe("the timeline", () => {
  it("tells each stage once a chapter, with times from the chapter's begin", () => {
    const lines: string[] = [];
    const timeline = new Timeline((line) => lines.push(line));
    timeline.begin("m1", "boot", 1_000);
    timeline.reached("m1", "powered on", 1_000);
    timeline.reached("m1", "DHCP", 3_500);
    timeline.reached("m1", "DHCP", 4_000);
    timeline.begin("m1", "allocate", 10_000);
    timeline.reached("m1", "DHCP", 9_000); // late news of the chapter before
    timeline.reached("m1", "installing", 12_000);
    expect(lines.filter((line) => line.includes("DHCP"))).toEqual(["    2.5 s  m1  DHCP"]);
    expect(timeline.chapters()).toEqual([
      {
        machine: "m1",
        chapter: "boot",
        stages: [
          { stage: "powered on", at: 0, took: 0 },
          { stage: "DHCP", at: 2.5, took: 2.5 },
        ],
      },
      { machine: "m1", chapter: "allocate", stages: [{ stage: "installing", at: 2, took: 2 }] },
    ]);
    expect(timeline.table()).toContain("2.5 s (+2.5)");
  });
});
