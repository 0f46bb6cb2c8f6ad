import type { Stage } from "../stage.ts";

export interface Attack {
  /** In a few words; also the test's name. */
  readonly attack: string;
  readonly tried: string;
  /** What must hold. After each attack it also must hold that no other machine has changed and the victim boots. */
  readonly holds: string;
  /** @throws Error when it does not hold */
  readonly run: (stage: Stage) => Promise<void>;
}
