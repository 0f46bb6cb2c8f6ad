// What is done about a machine's silence, and when. Pure.
import { MAX_RESCUES } from "../rescue/rules.ts";
import { ATTENTION_MS, after } from "./rules-why-answer.ts";
import { heardAt, type WhyFacts } from "./rules-why-facts.ts";

/** @param then what happens as soon as it boots from the network */
export function rescue(facts: WhyFacts, now: Date, then: string): { next: string; deadline: Date } {
  const attention = after(heardAt(facts), ATTENTION_MS);
  const { rescue: plan, bmc } = facts;
  if (!plan || bmc.address === "") return { next: `nothing by itself; ${then}`, deadline: attention };
  if (plan.kind === "hands off")
    return { next: `nothing by itself, because ${plan.because}; ${then}`, deadline: attention };
  if (plan.kind === "gave up")
    return { next: `nothing by itself: ${plan.resets} resets did not help; ${then}`, deadline: attention };
  const reset = `reset ${plan.reset} of ${MAX_RESCUES}`;
  if (plan.kind === "answer") return { next: `${reset}: its BMC is to answer, ${then}`, deadline: attention };
  const does = plan.kind === "power cycle" ? "power-cycles it" : "boots it from the network";
  if (plan.at <= now)
    return { next: `${reset}: its BMC ${does} as soon as metal-bmc is connected; ${then}`, deadline: attention };
  return { next: `${reset}: its BMC ${does}, if it is silent until then; ${then}`, deadline: plan.at };
}
