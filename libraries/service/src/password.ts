// Passwords that machines make for machines: BMCs, serial consoles.
import { randomInt } from "node:crypto";

const CLASSES = ["ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789"] as const;
/**
 * The longest that every BMC stores: IPMI 1.5 has 16 bytes, 2.0 up to 20 (IPMI 2.0 §22.30), but not every BMC of today
 * takes the long form (reference/partition-services.md 4.5). Also what the original gives to consoles.
 */
const LENGTH = 16;

/**
 * 16 random letters and digits (92 bits) of all three classes, as password rules of BMCs demand; no punctuation, which some
 * of them refuse or mangle, and nothing that people mistake for something else.
 */
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
