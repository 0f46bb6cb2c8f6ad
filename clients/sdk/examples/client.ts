import { createClient } from "@metal-stack/sdk";

export const client = createClient({
  url: process.env["METAL_URL"]!,
  hmac: { type: "Metal-Admin", key: process.env["METAL_HMAC"]! },
});
