// What a machine is doing, and what can be done: for a person, and as a comment above `machine describe`.
import type { Command } from "commander";
import { apiClient, type ApiClient, type GlobalFlags } from "../configuration.ts";
import { machinePath } from "../resources/machine-path.ts";
import { age, span } from "../output/age.ts";
import { printing, render } from "../output/printer.ts";
import { show, watchable } from "../output/watch.ts";
import type { Doc } from "../resources/resource.ts";
import { examples } from "./examples.ts";

/** v1.MachineWhyResponse */
interface Why {
  readonly state: string;
  readonly doing: string;
  readonly since: string;
  readonly deadline: string;
  readonly next: string;
  readonly actions: readonly string[];
  readonly also: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
}

async function ask(api: ApiClient, id: string): Promise<Why> {
  return api.get<Why>(machinePath(id, "why"));
}

/** The answer as a person would give it, without the facts. */
function explanation({ state, doing, since, deadline, next, actions, also }: Why): string[] {
  const left = Date.parse(deadline) - Date.now();
  return [
    `It is ${doing}.`,
    ...also.map((ailment) => `Also:      ${ailment}`),
    `State:     ${state} for ${age(since) || "an unknown time"}`,
    `Deadline:  ${deadline}, ${left < 0 ? `overdue for ${span(-left)}` : `in ${span(left)}`}`,
    `Next:      ${next}`,
    ...actions.map((action, index) => `${index === 0 ? "You can:  " : "          "} ${action}`),
  ];
}

/** Why a machine is as it is, for somebody who was refused; nothing when the API cannot tell. */
export async function whyOf(api: ApiClient, id: string): Promise<string | undefined> {
  const why = await ask(api, id).catch(() => undefined);
  return why && explanation(why).join("\n");
}

/** The explanation as comment lines of a YAML document; none when the API cannot tell. */
export async function whyAsComment(api: ApiClient, id: string): Promise<string[]> {
  const why = await ask(api, id).catch(() => undefined);
  return why ? explanation(why).map((line) => `# ${line}`) : [];
}

export function addWhy(group: Command): void {
  const why = examples(
    group.command("why <id>").description("what a machine is doing, since when, what comes next and what you can do"),
    ["for a person", "$MACHINE"],
    ["until it is what you wait for", "$MACHINE --watch"],
    ["for a script", "$MACHINE -o template --template '{{ .state }}'"],
  );
  watchable(why).action(async (id: string, _, command: Command) => {
    const flags = command.optsWithGlobals<GlobalFlags>();
    const how = printing(flags);
    await show(flags, async () => {
      const answer = await ask(apiClient(flags), id);
      if (how.format !== "table") return render<Doc>([{ ...answer }], WHY_COLUMNS, how, true);
      const facts = Object.entries(answer.facts).map(([name, fact]) => `  ${name}: ${fact}`);
      return [...explanation(answer), "", ...facts].join("\n");
    });
  });
}

const WHY_COLUMNS = (["state", "doing", "since", "deadline", "next"] as const).map((name) => ({
  header: name,
  cell: (why: Doc) => String(why[name]),
}));
