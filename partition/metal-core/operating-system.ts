// What this switch runs, for registration.
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

/** From /etc/os-release (os-release(5)); "Linux" where there is none. */
export function operatingSystem(path = "/etc/os-release"): { vendor: string; version: string } {
  const field = (text: string, name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(text)?.[1];
  try {
    const text = readFileSync(path, "utf8");
    return { vendor: field(text, "NAME") ?? "Linux", version: field(text, "VERSION_ID") ?? "" };
  } catch {
    return { vendor: "Linux", version: "" };
  }
}

/** The first IPv4 address of eth0, the management port (reference/partition-services.md 1.4); "" when it has none. */
export function managementIp(): string {
  return networkInterfaces()["eth0"]?.find((entry) => entry.family === "IPv4")?.address ?? "";
}
