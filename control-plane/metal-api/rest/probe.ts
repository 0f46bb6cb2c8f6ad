// Operators mistype URLs of images and kernels; this notices when they register them, not when a machine boots.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { badRequest } from "../errors.ts";

/** For one answer whole: a server that dribbles does not keep us. */
const TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 5;

/**
 * Asks for the head of `url`.
 * @param what "image", "kernel", or the id of an image
 * @throws 400 unless something answers with a status below 400
 */
export async function assertReachable(what: string, url: string): Promise<void> {
  const refusal = (why: string) => badRequest(`image:${what} is not accessible under:${url} ${why}`);
  let next: string | undefined = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const from: string = next;
    const { status, text, location } = await head(from).catch((error: unknown) => {
      throw refusal(`error:${(error as Error).message}`);
    });
    if (status >= 400) throw refusal(`status:${status} ${text}`);
    if (status < 300 || location === undefined) return;
    next = URL.parse(location, from)?.href;
    if (next === undefined) throw refusal(`error:redirects to "${location}"`);
  }
  throw refusal(`error:more than ${MAX_REDIRECTS} redirects`);
}

function head(url: string): Promise<{ status: number; text: string; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const { protocol } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:") throw new Error("only http and https are supported");
    const send = protocol === "https:" ? httpsRequest : httpRequest;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = send(url, { method: "HEAD", signal, agent: false }, (response) => {
      response.resume();
      const { statusCode: status = 500, statusMessage: text = "", headers } = response;
      resolve({ status, text, location: headers.location });
    });
    request.on("error", (error) =>
      reject(signal.aborted ? new Error(`no answer within ${TIMEOUT_MS / 1000} s`) : error),
    );
    request.end();
  });
}
