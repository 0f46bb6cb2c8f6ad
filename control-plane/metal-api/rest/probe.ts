// Operators mistype URLs of images and kernels; this notices when they register them, not when a machine boots.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { badRequest } from "../errors.ts";

const TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 5;

/**
 * Asks for the head of `url`.
 * @param what "image" or "kernel"
 * @throws 400 unless something answers with a status below 400
 */
export async function assertReachable(what: string, url: string): Promise<void> {
  let next = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const { status, location } = await head(next).catch((error: unknown) => {
      throw badRequest(`image:${what} is not accessible under:${url} error:${(error as Error).message}`);
    });
    if (status >= 300 && status < 400 && location !== undefined) next = new URL(location, next).href;
    else if (status < 400) return;
    else throw badRequest(`image:${what} is not accessible under:${url} status:${status}`);
  }
  throw badRequest(`image:${what} is not accessible under:${url} error:more than ${MAX_REDIRECTS} redirects`);
}

function head(url: string): Promise<{ status: number; location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const { protocol } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:") throw new Error("only http and https are supported");
    const send = protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(url, { method: "HEAD", timeout: TIMEOUT_MS, agent: false }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 500, location: response.headers.location });
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on("error", reject);
    request.end();
  });
}
