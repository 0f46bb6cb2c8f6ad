import { describe, expect, it } from "vitest";
import { imageProblem, matchingImages, parseImageId, resolveImage } from "./rules.ts";
import { parseExpression, parseVersion } from "./rules-version.ts";

const stored = (id: string) => {
  const { os, version } = parseImageId(id)!;
  return { id, os, version_text: version.semver.version };
};

describe("an image id", () => {
  it.each([
    ["ubuntu-20.04.20211011", "ubuntu", "20.4.20211011"],
    ["firewall-ubuntu-3.0", "firewall-ubuntu", "3.0.0"],
    ["debian-12", "debian", "12.0.0"],
    ["debian-v12.1", "debian", "12.1.0"],
  ])("%s is %s in version %s", (id, os, version) => {
    expect(parseImageId(id)?.os).toBe(os);
    expect(parseImageId(id)?.version.semver.version).toBe(version);
  });

  it.each(["debian", "debian-", "-12", "debian-twelve", "debian-1.2.3.4", ""])("%s is none", (id) => {
    expect(parseImageId(id)).toBeUndefined();
  });
});

describe("asking for an image", () => {
  const images = ["debian-12.0.20260101", "debian-12.0.20261101", "debian-12.1.20270101", "ubuntu-12.0.20280101"].map(
    stored,
  );

  it.each([
    ["debian-12", "debian-12.0.20261101"],
    ["debian-12.0", "debian-12.0.20261101"],
    ["debian-12.1", "debian-12.1.20270101"],
    ["debian-12.0.20260101", "debian-12.0.20260101"],
    ["debian-12.0.20260102", undefined],
    ["debian-13", undefined],
    ["nonsense", undefined],
  ])("by %s means %s", (id, expected) => {
    expect(resolveImage(images, id)?.id).toBe(expected);
  });

  it("lists what it could mean, newest first", () => {
    expect(matchingImages(images, "debian-12").map(({ id }) => id)).toEqual([
      "debian-12.0.20261101",
      "debian-12.0.20260101",
    ]);
  });
});

// The middle column is what the original's library answers (reference/api-resources.md 8.3).
describe("a version expression", () => {
  it.each([
    ["*", "20.04.1", true],
    ["*", "20.04.1-beta", false],
    ["20.04", "20.04.20211011", true],
    ["= 20.04", "20.04.20211011", true],
    ["= 20.04", "20.10.1", false],
    ["!= 20.04", "20.04.20211011", false],
    ["!= 20.04", "20.10.1", true],
    ["> 20.04", "20.04.20211011", false],
    ["> 20.04", "20.10.0", true],
    ["> 20", "20.10.0", false],
    ["> 20.04.1", "20.04.2", true],
    [">= 20.04", "20.04.20211011", true],
    ["=> 20.04", "20.03.9", false],
    ["< 20.04", "20.04.0", false],
    ["< 20.04", "20.03.99", true],
    ["<= 20.04", "20.04.20211011", true],
    ["=< 20.04", "20.05.0", false],
    ["~ 20.04", "20.04.20211011", true],
    ["~> 20.04", "20.05.0", false],
    ["~ 20", "20.05.0", true],
    ["^ 20.04", "20.10.0", true],
    ["^ 20.04", "21.0.0", false],
    ["^ 0.2", "0.2.9", true],
    ["^ 0.2", "0.3.0", false],
    ["= 20.04.1", "20.04.1", true],
    ["= 20.04.1", "20.04.2", false],
  ])("%s accepts %s: %s", (expression, version, expected) => {
    expect(parseExpression(expression)!(parseVersion(version)!.semver)).toBe(expected);
  });

  it.each([">20.04", "> 20.04 ", ">= 1 <= 2", "", "x", "?? 1", "constructor 1", "> "])("%j is none", (expression) => {
    expect(parseExpression(expression)).toBeUndefined();
  });
});

it("the settings of an image are known words", () => {
  expect(imageProblem({ features: ["machine", "firewall"], classification: "supported" })).toBeUndefined();
  expect(imageProblem({ features: ["toaster"] })).toMatch(/toaster/);
  expect(imageProblem({ classification: "nice" })).toMatch(/nice/);
});
