import { randomInt } from "node:crypto";

const CLASSES = ["ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789"] as const;
/** The longest that every BMC stores, and what the original gives to consoles. */
const LENGTH = 16;

/** 16 random characters of at least three classes, without those that people mistake for one another. */
export function randomPassword(): string {
  const pick = (letters: string) => letters[randomInt(letters.length)]!;
  const characters = CLASSES.map(pick);
  while (characters.length < LENGTH) characters.push(pick(CLASSES.join("")));
  for (let last = characters.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [characters[last], characters[other]] = [characters[other]!, characters[last]!];
  }
  return characters.join("");
}
