// sprig's encodings, hashes, paths, URLs and variables of the environment.
import { createHash } from "node:crypto";
import { posix } from "node:path";
import { entryOf, typeOf, type Dictionary } from "../values.ts";
import { callable, type Callable } from "./function.ts";

const hash = (algorithm: string) => callable(["text"], (value) => createHash(algorithm).update(value).digest("hex"));

/** The largest prime below 2^16 (RFC 1950 section 9). */
const ADLER_BASE = 65_521;

function adler32(value: string): string {
  let [a, b] = [1, 0];
  for (const byte of Buffer.from(value)) {
    a = (a + byte) % ADLER_BASE;
    b = (b + a) % ADLER_BASE;
  }
  return String(b * 65_536 + a);
}

/** RFC 4648 section 6. */
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function base32(value: string): string {
  const bits = [...Buffer.from(value)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const letters = (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, "0"), 2)]!);
  return letters.join("").padEnd(Math.ceil(letters.length / 8) * 8, "=");
}

function fromBase32(value: string): string {
  const letters = value.replace(/=+$/, "");
  if (value.length % 8 !== 0 || /[^A-Z2-7]/.test(letters)) return "illegal base32 data";
  const bits = letters
    .split("")
    .map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))).toString();
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** RFC 3986 appendix B. */
const URL_PARTS = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

function urlParse(value: string): Dictionary {
  const [, scheme = "", authority, path = "", query = "", fragment = ""] = URL_PARTS.exec(value)!;
  const [, userinfo = "", host = ""] = /^(?:(.*)@)?(.*)$/s.exec(authority ?? "")!;
  const opaque = scheme !== "" && authority === undefined && !path.startsWith("/") ? path : "";
  const hostname = host.replace(/:\d*$/, "").replaceAll(/^\[|\]$/g, "");
  return {
    scheme: scheme.toLowerCase(),
    host,
    hostname,
    query,
    opaque,
    userinfo,
    path: opaque ? "" : decodeURIComponent(path),
    fragment: decodeURIComponent(fragment),
  };
}

function urlJoin(parts: Dictionary): string {
  const part = (name: string): string => {
    const value = entryOf(parts, name) ?? "";
    if (typeof value !== "string") throw new Error(`${name} must be a text, not ${typeOf(value)}`);
    return value;
  };
  const [host, userinfo] = [part("host"), part("userinfo")];
  const authority = host || userinfo ? `//${userinfo && `${userinfo}@`}${host}` : "";
  const path = part("opaque") || encodeURI(part("path"));
  const scheme = part("scheme");
  const slash = authority && path && !path.startsWith("/") ? "/" : "";
  const [query, fragment] = [part("query"), part("fragment")];
  return (
    (scheme && `${scheme}:`) +
    authority +
    slash +
    path +
    (query && `?${query}`) +
    (fragment && `#${encodeURI(fragment)}`)
  );
}

/** Go's path.Base: of nothing ".", of slashes "/". */
const base = (path: string) => (path === "" ? "." : /^\/+$/.test(path) ? "/" : posix.basename(path));
const clean = (path: string) => posix.normalize(path || ".").replace(/(?<=.)\/$/, "");
const paths = {
  base: callable(["text"], base),
  clean: callable(["text"], clean),
  dir: callable(["text"], (path) => clean(path.slice(0, path.lastIndexOf("/") + 1))),
  ext: callable(["text"], (path) => /\.[^./]*$/.exec(path)?.[0] ?? ""),
  isAbs: callable(["text"], (path) => path.startsWith("/")),
};

export const ENCODINGS: Readonly<Record<string, Callable>> = {
  sha1sum: hash("sha1"),
  sha256sum: hash("sha256"),
  adler32sum: callable(["text"], adler32),
  b64enc: callable(["text"], (value) => Buffer.from(value).toString("base64")),
  b64dec: callable(["text"], (value) =>
    BASE64.test(value) ? Buffer.from(value, "base64").toString() : "illegal base64 data",
  ),
  b32enc: callable(["text"], base32),
  b32dec: callable(["text"], fromBase32),
  urlParse: callable(["text"], urlParse),
  urlJoin: callable(["dictionary"], urlJoin),
  ...paths,
  ...Object.fromEntries(
    Object.entries(paths).map(([name, each]) => [`os${name[0]!.toUpperCase()}${name.slice(1)}`, each]),
  ),
  env: callable(["text"], (name) => process.env[name] ?? ""),
  expandenv: callable(["text"], (value) =>
    value.replaceAll(
      /\$(?:\{([^}]*)\}|(\w+))/g,
      (_, braced?: string, plain?: string) => process.env[braced ?? plain!] ?? "",
    ),
  ),
};
