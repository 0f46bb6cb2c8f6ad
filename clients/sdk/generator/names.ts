// What a call is named: operation ids without their noun, since they are called on it. findMachines → machine.find.
import type { Operation } from "./document.ts";

/** Verbs that the original uses for the same thing. What stands alone here is the whole of an operation's rest. */
const VERBS: Readonly<Record<string, string>> = {
  "": "get",
  findOne: "get",
  getOne: "get",
  findMany: "find",
  findOneIPMI: "getIpmi",
  findManyIPMI: "findIpmi",
  "queryMany by id": "query",
};

/** The nouns of the API as operation ids write them: of the tag "filesystemlayout", FilesystemLayout. */
export function nounOf(tag: string, operations: readonly Operation[]): string {
  for (const { operationId } of operations) {
    const at = operationId.toLowerCase().indexOf(tag.toLowerCase());
    if (at > 0) return operationId.slice(at, at + tag.length);
  }
  return tag;
}

/** "FilesystemLayout" → filesystemLayout, "IP" → ip. */
export function groupName(noun: string): string {
  return noun === noun.toUpperCase() ? noun.toLowerCase() : noun.charAt(0).toLowerCase() + noun.slice(1);
}

export function callName(operationId: string, noun: string): string {
  const plural = new RegExp(`${noun}(e?s)(?![a-z])`);
  const single = new RegExp(noun, "i");
  const counted = operationId.replace(plural, "Many").replace(single, "One");
  // "findIPMIOne" reads like "findOneIPMI", whatever the order in the id is.
  const [, verb = "", between = "", number = ""] = /^([a-z]+)([A-Z]\w*?)(One|Many)$/.exec(counted) ?? [];
  const ordered = number === "" ? counted : `${verb}${number}${between}`;
  const known = VERBS[ordered] ?? VERBS[ordered === "One" ? "" : ordered];
  if (known !== undefined) return known;
  const name = ordered.replace(/One|Many/, "");
  return name.charAt(0).toLowerCase() + name.slice(1);
}
