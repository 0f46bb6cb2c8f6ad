// The transport where there is no Node: browsers, workers.
import type { Fetch } from "./transport.ts";

/** @throws TypeError for a GET with a body, which no browser sends: only reading a console password is one */
export const defaultFetch: Fetch = (url, init) => fetch(url, init);
