// What Node gives. Its own cryptography and HTTP are there 80 ms before its Web Crypto and fetch.
import { createHmac, randomBytes } from "node:crypto";
import { nodeFetch } from "./node.ts";
import type { Fetch } from "./transport.ts";

export const defaultFetch: Fetch = nodeFetch();

export const hmacSha256 = async (key: string, text: string): Promise<string> =>
  createHmac("sha256", key).update(text).digest("hex");

export const randomHex = (bytes: number): string => randomBytes(bytes).toString("hex");
