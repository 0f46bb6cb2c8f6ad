import { expect, it } from "vitest";
import { stopped } from "./main.ts";

it("a service that was told to stop while it started stops", async () => {
  await stopped(AbortSignal.abort());
  const stop = new AbortController();
  let ended = false;
  const end = stopped(stop.signal).then(() => (ended = true));
  await Promise.resolve();
  expect(ended).toBe(false);
  stop.abort();
  await end;
});
