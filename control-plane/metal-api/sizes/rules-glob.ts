// Shell globs as Go's path/filepath.Match reads them: `*` and `?` do not cross a slash, `[a-z]` and `[^a-z]` are classes,
// a backslash escapes, and the whole text must match.

/** What a glob matches; undefined when it is malformed. An empty glob matches everything. */
export function compileGlob(glob: string): ((text: string) => boolean) | undefined {
  if (glob === "") return () => true;
  const characters = Array.from(glob);
  let source = "";
  while (characters.length > 0) {
    const character = characters.shift()!;
    let next: string | undefined;
    if (character === "*") next = source.endsWith("[^/]*") ? "" : "[^/]*";
    else if (character === "?") next = "[^/]";
    else if (character === "[") next = takeClass(characters);
    else next = exactly(character === "\\" ? characters.shift() : character);
    if (next === undefined) return undefined;
    source += next;
  }
  const pattern = new RegExp(`^${source}$`, "su");
  return (text) => pattern.test(text);
}

/** Consumes a class up to its closing bracket. A dash or bracket in it must be escaped; a range backwards is empty. */
function takeClass(characters: string[]): string | undefined {
  const negated = characters[0] === "^";
  if (negated) characters.shift();
  let ranges = "";
  for (let count = 0; count === 0 || characters[0] !== "]"; count += 1) {
    const low = takeMember(characters);
    let high = low;
    if (low !== undefined && characters[0] === "-") {
      characters.shift();
      high = takeMember(characters);
    }
    if (low === undefined || high === undefined) return undefined;
    if (low.codePointAt(0)! <= high.codePointAt(0)!) ranges += `${exactly(low)}-${exactly(high)}`;
  }
  characters.shift();
  return `[${negated ? "^" : ""}${ranges}]`;
}

function takeMember(characters: string[]): string | undefined {
  const character = characters.shift();
  if (character === "-" || character === "]") return undefined;
  return character === "\\" ? characters.shift() : character;
}

function exactly(character: string | undefined): string | undefined {
  return character && `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
