// The three states an operator can put a machine into (reference/machine-lifecycle.md 1.7). Pure.
import { badRequest } from "../errors.ts";

export type StoredState = "" | "TAINTED" | "LOCKED";

/** Old clients only know RESERVED. */
export function shownState(state: StoredState): string {
  return state === "TAINTED" ? "RESERVED" : state;
}

/** Reads what a client calls a state; undefined when it is none. */
export function storedState(value: string): StoredState | undefined {
  if (value === "RESERVED") return "TAINTED";
  return value === "" || value === "TAINTED" || value === "LOCKED" ? value : undefined;
}

/** Checks a request to change the state. Throws 400. */
export function checkedState(value: string, description: string): StoredState {
  const state = storedState(value);
  if (state === undefined) throw badRequest(`unknown MachineState:${value}`);
  if (state !== "" && description === "") throw badRequest("you must supply a description");
  return state;
}
