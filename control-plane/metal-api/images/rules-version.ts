// Versions of images and expressions over them, with the semantics of the original's library (Masterminds semver v3):
// one to three numeric parts, an optional v, leading zeros dropped (reference/api-resources.md 8.3).
import { compare, SemVer } from "semver";

export interface Version {
  readonly semver: SemVer;
  /** How many of major, minor and patch were written. */
  readonly parts: 1 | 2 | 3;
}

const VERSION = /^v?(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const EXPRESSION = /^(\S+) (\S+)$/;

/** "20.04.20211011" → 20.4.20211011; undefined when it is none. */
export function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text);
  if (!match) return undefined;
  const [, major, minor, patch, prerelease = "", build = ""] = match;
  const numbers = [major, minor, patch].map((part) => Number(part ?? 0));
  try {
    const parts = patch === undefined ? (minor === undefined ? 1 : 2) : 3;
    return { semver: new SemVer(`${numbers.join(".")}${prerelease}${build}`), parts };
  } catch {
    return undefined;
  }
}

type Operator = (version: SemVer, wanted: Version) => boolean;

/** Equal as far as the expression is written: "= 20.04" means any 20.4.x. */
const sameParts: Operator = (version, { semver, parts }) =>
  version.major === semver.major &&
  (parts < 2 || version.minor === semver.minor) &&
  (parts < 3 || compare(version, semver) === 0);

const atLeast: Operator = (version, { semver }) => compare(version, semver) >= 0;
const above: Operator = (version, wanted) =>
  compare(version, wanted.semver) > 0 && (wanted.parts === 3 || !sameParts(version, wanted));
const below: Operator = (version, { semver }) => compare(version, semver) < 0;
const atMost: Operator = (version, wanted) => below(version, wanted) || sameParts(version, wanted);
const patchLevel: Operator = (version, wanted) =>
  atLeast(version, wanted) &&
  version.major === wanted.semver.major &&
  (wanted.parts < 2 || version.minor === wanted.semver.minor);
const compatible: Operator = (version, wanted) => {
  const { major, minor } = wanted.semver;
  if (!atLeast(version, wanted) || version.major !== major) return false;
  if (major > 0 || wanted.parts < 2) return true;
  if (version.minor !== minor) return false;
  return minor > 0 || wanted.parts < 3 || version.patch === wanted.semver.patch;
};

const OPERATORS: Readonly<Record<string, Operator>> = {
  "=": sameParts,
  "!=": (version, wanted) => !sameParts(version, wanted),
  ">": above,
  "<": below,
  ">=": atLeast,
  "=>": atLeast,
  "<=": atMost,
  "=<": atMost,
  "~": patchLevel,
  "~>": patchLevel,
  "^": compatible,
};

/** Whether an expression accepts every version. */
export const isAny = (expression: string): boolean => expression.trim() === "*";

/** A test for versions; pre-releases match only an expression that names one. Undefined when it is malformed. */
export function parseExpression(expression: string): ((version: SemVer) => boolean) | undefined {
  if (isAny(expression)) return (version) => version.prerelease.length === 0;
  const [, operator = "=", text = expression] = EXPRESSION.exec(expression) ?? [];
  const matches = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  const wanted = parseVersion(text);
  if (!matches || !wanted) return undefined;
  const withPrerelease = wanted.semver.prerelease.length > 0;
  return (version) => (withPrerelease || version.prerelease.length === 0) && matches(version, wanted);
}
