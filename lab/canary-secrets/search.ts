// Looks for secrets in everything that an ordinary reader can get: files, process tables, answers, tables of a database.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** What must not be found, by the name under which it is told. */
export type Canaries = ReadonlyMap<string, string>;

/** Shorter ones would be found by chance. */
const SHORTEST = 10;

/** The lines of a PEM file's private parts; its base64 may be cut anywhere, so every line counts. */
export function privateLines(pem: string): string[] {
  const keys = pem.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+/g) ?? [];
  return keys.flatMap((key) => key.split("\n").slice(1)).filter((line) => line.length >= SHORTEST);
}

/** Each secret also as JSON, URLs and base64 would carry it. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString("hex"),
    // Without the last characters, which depend on what follows.
    bytes.toString("base64").replace(/.{0,3}=*$/, ""),
  ].filter((form) => form.length >= SHORTEST);
}

export class Search {
  readonly #canaries: Canaries;
  /** "<secret> in <place>: <what stands around it>" */
  readonly found: string[] = [];
  /** Characters looked through, by place. */
  readonly searched = new Map<string, number>();

  /** @throws {Error} for a canary that is too short to mean anything */
  constructor(canaries: Canaries) {
    for (const [name, secret] of canaries)
      if (secret.length < SHORTEST) throw new Error(`the canary ${name} is too short to be looked for`);
    this.#canaries = canaries;
  }

  text(place: string, text: string, allowed: readonly string[] = []): void {
    this.searched.set(place, (this.searched.get(place) ?? 0) + text.length);
    for (const [name, secret] of this.#canaries) {
      if (allowed.some((prefix) => name.startsWith(prefix))) continue;
      for (const form of forms(secret)) {
        const at = text.indexOf(form);
        if (at < 0) continue;
        const around = text.slice(Math.max(0, at - 120), at + form.length + 40).replaceAll(form, "<SECRET>");
        this.found.push(`${name} in ${place}: …${around.replaceAll("\n", "⏎")}…`);
        break;
      }
    }
  }

  /** All files below, as they are now. */
  folder(place: string, folder: string): void {
    for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
      if (entry.isFile()) this.text(`${place}/${entry.name}`, readFileSync(join(entry.parentPath, entry.name), "utf8"));
  }

  /** What everybody sees of all processes; environments only where others may read them. */
  processes(): void {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      for (const [file, readable] of [
        ["cmdline", true],
        ["environ", (mode: number) => (mode & 0o044) !== 0],
      ] as const)
        try {
          const path = `/proc/${pid}/${file}`;
          if (readable !== true && !readable(statSync(path).mode)) continue;
          this.text(`process ${file}`, readFileSync(path, "utf8").replaceAll("\0", " "));
        } catch {
          // It ended meanwhile.
        }
  }
}
