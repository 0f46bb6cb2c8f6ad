// Which component may call which method, and in whose name. What is not in this table cannot be called.
import type { DescMessage, DescMethod, MessageShape } from "@bufbuild/protobuf";
import { agent, BootService, EventService } from "@metal-stack/protocol";
import type { Component, Identity } from "@metal-stack/service";

/** legacy: any certificate of our authority that names nobody; only when legacy agents are allowed. */
export type Caller = Component | "legacy";

interface Rule {
  readonly method: DescMethod;
  /** Empty: anyone, without a certificate, too. */
  readonly callers: readonly Caller[];
  /** Whether this caller may say this; what needs the database to decide is checked by the service. */
  readonly inOwnName: (request: unknown, caller: Identity) => boolean;
}

function allow<Input extends DescMessage>(
  method: DescMethod & { readonly input: Input },
  callers: readonly Caller[],
  inOwnName: (request: MessageShape<Input>, caller: Identity) => boolean = () => true,
): Rule {
  return { method, callers, inOwnName: (request, caller) => inOwnName(request as MessageShape<Input>, caller) };
}

const boot = BootService.method;
const { instructions, disksTouched, eraseProgress, reportErase } = agent.HammerService.method;
const bmc = agent.BmcService.method;
const leaf = agent.SwitchService.method;

export const AUTHORISATION: readonly Rule[] = [
  allow(agent.IdentityService.method.exchange, []),
  allow(agent.IdentityService.method.renew, ["machine"]),

  allow(agent.BootPlanService.method.plan, ["pixiecore"], (request, { id }) => request.partitionId === id),
  allow(boot.dhcp, ["pixiecore", "legacy"], (request, { id }) => request.partitionId === id),
  allow(boot.boot, ["legacy"]),

  allow(boot.superUserPassword, ["machine", "legacy"]),
  allow(boot.register, ["machine", "legacy"], (request, { id }) => request.uuid === id),
  allow(boot.wait, ["machine", "legacy"], (request, { id }) => request.machineId === id),
  allow(boot.report, ["machine", "legacy"], (request, { id }) => request.uuid === id),
  allow(boot.abortReinstall, ["machine", "legacy"], (request, { id }) => request.uuid === id),
  allow(instructions, ["machine"], (request, { id }) => request.machineId === id),
  allow(disksTouched, ["machine"], (request, { id }) => request.machineId === id),
  allow(eraseProgress, ["machine"], (request, { id }) => request.machineId === id),
  allow(reportErase, ["machine"], (request, { id }) => request.machineId === id),

  allow(agent.BmcLoginService.method.wanted, ["machine"], (request, { id }) => request.machineId === id),

  allow(
    EventService.method.send,
    ["machine", "metal-core", "pixiecore", "legacy"],
    (request, { component, id }) =>
      component !== "machine" || Object.keys(request.events).every((machine) => machine === id),
  ),

  allow(bmc.commands, ["metal-bmc"], (request, { id }) => request.partitionId === id),
  allow(bmc.commandStarted, ["metal-bmc"]),
  allow(bmc.commandDone, ["metal-bmc"]),
  allow(bmc.report, ["metal-bmc"], (request, { id }) => request.partitionId === id),

  allow(leaf.register, ["metal-core"], (request, { id }) => request.id === id),
  allow(leaf.watch, ["metal-core"], (request, { id }) => request.id === id),
  allow(leaf.notify, ["metal-core"], (request, { id }) => request.id === id),
];

const rules = new Map(AUTHORISATION.map((rule) => [rule.method, rule]));

/** Undefined for methods nobody may call. */
export function ruleOf(method: DescMethod): Rule | undefined {
  return rules.get(method);
}
