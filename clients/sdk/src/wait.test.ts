import { describe, expect, it } from "vitest";
import type { MachineProvisioningEvent, MachineResponse } from "./gen/types.ts";
import { MetalError, NetworkError, TimeoutError } from "./errors.ts";
import { waitForState } from "./wait.ts";

/** A machine whose log is these events, the last one the newest. */
function seen(...events: string[]): MachineResponse {
  const log = events.map((event, at): MachineProvisioningEvent => ({ event, time: `12:00:0${at}` })).reverse();
  const rest = { id: "m1", liveliness: "Alive", events: { log }, state: { value: "" } };
  return rest as unknown as MachineResponse;
}

/** What one look after the other sees. */
function looks(...views: (MachineResponse | Error)[]) {
  return async () => {
    const view = views.length > 1 ? views.shift()! : views[0]!;
    if (view instanceof Error) throw view;
    return view;
  };
}

describe("waiting for a machine", () => {
  it("tells each step once, in order, and answers the machine", async () => {
    const steps: string[] = [];
    const machine = await waitForState(
      looks(
        seen("Alive", "PXE Booting"),
        seen("Alive", "PXE Booting"),
        seen("Alive", "PXE Booting", "Preparing", "Registering"),
        seen("Alive", "PXE Booting", "Preparing", "Registering", "Waiting"),
      ),
      "waiting",
      { interval: 1, onStep: ({ event }) => steps.push(event) },
    );
    expect(machine.events.log[0].event).toBe("Waiting");
    expect(steps).toEqual(["PXE Booting", "Preparing", "Registering", "Waiting"]);
  });

  it("tells all it can when more happened than the log holds", async () => {
    const steps: string[] = [];
    const late = seen("Alive", "Alive", "Alive", "Registering", "Waiting");
    await waitForState(looks(seen("PXE Booting"), late), "waiting", {
      interval: 1,
      onStep: ({ event }) => steps.push(event),
    });
    expect(steps).toEqual(["PXE Booting", "Alive", "Alive", "Alive", "Registering", "Waiting"]);
  });

  it("bears that the API is away, but not that it refuses", async () => {
    const away = [new NetworkError("cut"), new TimeoutError("late"), new MetalError({ status: 503, message: "busy" })];
    const unallocated = await waitForState(looks(...away, seen("Waiting")), "unallocated", { interval: 1 });
    expect(unallocated.id).toBe("m1");
    const gone = waitForState(looks(new MetalError({ status: 404, message: "gone" })), "waiting", { interval: 1 });
    await expect(gone).rejects.toThrow("gone");
  });

  it("gives up in time, and says what the machine did last", async () => {
    const waiting = waitForState(looks(seen("Crashed")), "waiting", { interval: 1, timeout: 20 });
    await expect(waiting).rejects.toThrow(TimeoutError);
    const silent = waitForState(looks(seen()), "allocated", { interval: 1, timeout: 20, onStep: () => undefined });
    await expect(silent).rejects.toThrow("the machine is not allocated after 0.02 s: it told nothing; ask why()");
  });

  it("ends when it is told to", async () => {
    const abort = new AbortController();
    const waiting = waitForState(looks(seen("Alive")), "waiting", {
      signal: abort.signal,
      onStep: () => abort.abort(new Error("enough")),
    });
    await expect(waiting).rejects.toThrow("enough");
  });
});
