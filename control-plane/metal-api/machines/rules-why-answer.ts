// What an answer to "why" is made of, and the phrases that several answers share. Pure.
import type { WhyFacts } from "./rules-why-facts.ts";

export const MINUTE_MS = 60_000;
/** A machine that needs a person should have got one by then. */
export const ATTENTION_MS = 24 * 60 * MINUTE_MS;
/** Silence after which a machine counts as dead (reference/machine-lifecycle.md 4.6). */
export const SILENCE_MS = 5 * MINUTE_MS;

/** What is said of a machine in a state. */
export interface Answer {
  readonly doing: string;
  readonly since: Date;
  readonly deadline: Date;
  /** What happens without anybody's help. */
  readonly next: string;
  /** What an operator can do; never empty. */
  readonly actions: readonly string[];
}

export interface State {
  readonly name: string;
  readonly applies: (facts: WhyFacts, now: Date) => boolean;
  readonly answer: (facts: WhyFacts, now: Date) => Answer;
}

export const NOBODY = "nothing by itself: it waits for an operator";
export const POOL = "then it waits for an allocation";

export const after = (time: Date, ms: number): Date => new Date(time.getTime() + ms);
export const ctl = ({ id }: WhyFacts, command: string, rest = ""): string => `metalctl machine ${command} ${id}${rest}`;
export const retry = (facts: WhyFacts): string => `erase again: ${ctl(facts, "erase-retry")}`;
export const jobs = (facts: WhyFacts): string => `watch it: ${ctl(facts, "jobs")}`;
export const free = (facts: WhyFacts): string => `take it back: ${ctl(facts, "delete")}`;
export const look = (facts: WhyFacts): string => `see its log and look at its console: ${ctl(facts, "logs")}`;
export const bootFrom = (facts: WhyFacts, device: "pxe" | "disk"): string =>
  `boot it ${device === "pxe" ? "from the network" : "from its disk"}: ${ctl(facts, `power ${device}`)}, then ${ctl(facts, "power cycle")}`;
export const checkBmc = "check the BMC's cable, address and password, and that metal-bmc of its partition runs";
export const checkBoot = "check that the ports are up, that PXE is in the boot order, and that DHCP and pixiecore run";

/** The part of an error that a sentence takes in; empty when there is none. */
export const because = (error: string): string => (error === "" ? "" : ` (${error})`);
