import { get } from "node:http";
import { parsePartitionConfig, type PartitionConfig } from "./rules-partition-config.ts";

const TIMEOUT_MS = 5_000;
const LARGEST_ANSWER = 256 * 1024;

/**
 * Fetches the partition's configuration once.
 * @returns also the boot server's idea of the time, undefined when it told none
 */
export async function fetchPartitionConfig(url: string): Promise<{ config: PartitionConfig; serverTime?: Date }> {
  const { body, date } = await new Promise<{ body: string; date: string | undefined }>((resolve, reject) => {
    const request = get(url, { timeout: TIMEOUT_MS, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > LARGEST_ANSWER) request.destroy(new Error(`more than ${LARGEST_ANSWER} bytes`));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200)
          resolve({ body: Buffer.concat(chunks).toString("utf8"), date: response.headers.date });
        else reject(new Error(`HTTP status ${response.statusCode}`));
      });
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on("error", reject);
  }).catch((error: Error) => {
    throw new Error(`GET ${url}: ${error.message}`, { cause: error });
  });
  const serverTime = date === undefined ? Number.NaN : Date.parse(date);
  return { config: parsePartitionConfig(body), ...(serverTime > 0 ? { serverTime: new Date(serverTime) } : {}) };
}
