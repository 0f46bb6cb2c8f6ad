import { agent, BootService, EventService } from "@metal-stack/protocol";
import { describe, expect, it } from "vitest";
import { AUTHORISATION } from "./authorisation.ts";

const SERVICES = [
  agent.IdentityService,
  agent.BootPlanService,
  agent.HammerService,
  agent.BmcService,
  agent.BmcLoginService,
  agent.SwitchService,
  BootService,
  EventService,
];

describe("the authorisation table", () => {
  it("has every method once, and nothing else", () => {
    const methods = SERVICES.flatMap((service) =>
      service.methods.map((method) => `${service.typeName}/${method.name}`),
    );
    const ruled = AUTHORISATION.map(({ method }) => `${method.parent.typeName}/${method.name}`);
    expect(ruled.sort()).toEqual(methods.sort());
  });

  it("lets strangers do nothing but trade a ticket", () => {
    const open = AUTHORISATION.filter((rule) => rule.callers.length === 0);
    expect(open.map(({ method }) => method.name)).toEqual(["Exchange"]);
  });
});
