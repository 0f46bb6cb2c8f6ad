// What browsers and workers give: fetch and Web Crypto.
import { type Fetch, Unsendable } from "./transport.ts";

/** @throws {Unsendable} for a GET with a body: only reading a console password is one */
export const defaultFetch: Fetch = async (url, init) => {
  if (init.method === "GET" && init.body !== undefined) throw new Unsendable("browsers send no GET with a body");
  return fetch(url, init);
};

const encoder = new TextEncoder();

/** @throws Error on a page that was not loaded by https or from localhost: browsers have no cryptography there */
export async function hmacSha256(key: string, text: string): Promise<string> {
  const subtle = crypto.subtle as typeof crypto.subtle | undefined;
  if (!subtle) throw new Error("HMAC needs Web Crypto, which browsers have only on pages loaded by https");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await subtle.importKey("raw", encoder.encode(key), algorithm, false, ["sign"]);
  return hex(new Uint8Array(await subtle.sign("HMAC", imported, encoder.encode(text))));
}

export const randomHex = (bytes: number): string => hex(crypto.getRandomValues(new Uint8Array(bytes)));

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
