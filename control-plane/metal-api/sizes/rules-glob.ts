// Shell globs as Go's path/filepath.Match reads them: `*` and `?` do not cross a slash, `[a-z]` and `[^a-z]` are classes,
// a backslash escapes, and the whole text must match.

/** What a glob matches; undefined when it is malformed. An empty glob matches everything. */
export function compileGlob(glob: string): ((text: string) => boolean) | undefined {
  if (glob === "") return () => true;
  let source = "";
  for (let at = 0; at < glob.length;) {
    const character = glob[at]!;
    if (character === "*") {
      while (glob[at] === "*") at += 1;
      source += "[^/]*";
      continue;
    }
    if (character === "[") {
      const end = classEnd(glob, at);
      if (end === undefined) return undefined;
      source += characterClass(glob.slice(at + 1, end));
      at = end + 1;
      continue;
    }
    if (character === "\\" && at + 1 === glob.length) return undefined;
    source += character === "?" ? "[^/]" : literal(character === "\\" ? glob[++at]! : character);
    at += 1;
  }
  try {
    const pattern = new RegExp(`^${source}$`, "su");
    return (text) => pattern.test(text);
  } catch {
    // A class whose range runs backwards.
    return undefined;
  }
}

function classEnd(glob: string, start: number): number | undefined {
  let at = start + 1;
  if (glob[at] === "^") at += 1;
  for (const first = at; at < glob.length; at += 1) {
    if (glob[at] === "\\") at += 1;
    else if (glob[at] === "]" && at > first) return at;
  }
  return undefined;
}

function characterClass(content: string): string {
  const negated = content.startsWith("^");
  const body = (negated ? content.slice(1) : content)
    .replaceAll(/\\(.)|([[\]^])/gs, (_all, escaped?: string, special?: string) => `\\${escapable(escaped ?? special!)}`)
    .replaceAll(/&&|--/g, (twice) => [...twice].map((character) => `\\${character}`).join(""));
  return `[${negated ? "^" : ""}${body}]`;
}

function escapable(character: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(character) ? character : `u{${character.codePointAt(0)!.toString(16)}}`;
}

function literal(character: string): string {
  return character.replaceAll(/[\^$\\.*+?()[\]{}|/]/g, "\\$&");
}
