import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Events, type EventToSend } from "./events.ts";

function outbox(answer: (event: EventToSend) => Promise<void>) {
  const stop = new AbortController();
  return { stop, events: new Events(answer, () => undefined, stop.signal) };
}

describe("provisioning events", () => {
  it("arrive in order although the server fails now and then", async () => {
    const arrived: string[] = [];
    let calls = 0;
    const { events } = outbox(async ({ event }) => {
      calls += 1;
      if (calls === 1) throw new Error("not now");
      await turn();
      arrived.push(event);
    });
    for (const event of ["Preparing", "Registering", "Waiting"] as const) events.emit(event);
    expect(await events.flush(5_000)).toBe(true);
    expect(arrived).toEqual(["Preparing", "Registering", "Waiting"]);
  });

  it("do not hold up the work when the server is away; signs of life do not pile up, texts are cut", async () => {
    const tried: EventToSend[] = [];
    const { events, stop } = outbox(async (event) => {
      tried.push(event);
      throw new Error("away");
    });
    events.emit("Crashed", "x".repeat(10_000));
    for (let count = 0; count < 1_000; count += 1) events.emit("Alive");
    expect(await events.flush(20)).toBe(false);
    expect(tried[0]?.message).toHaveLength(2_000);
    expect(tried.every(({ event }) => event === "Crashed")).toBe(true);
    stop.abort();
  });
});
