import { MetalError } from "@metal-stack/sdk";
import { client } from "./client.ts";

// A region without a VPN refuses.
const key = await client.vpn
  .getAuthKey({ pid: "project-b", ephemeral: true, reason: "look at a firewall" })
  .catch((error) => {
    if (error instanceof MetalError) console.log(error.status, error.message);
  });
if (key) console.log(key.address);
