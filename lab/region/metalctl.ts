// metalctl looks for config.yaml in the current folder: this is how `npx metalctl` finds the running lab.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const FILE = "config.yaml";
const OURS = "# made by the lab, gone with it\n";

const isOurs = () => !existsSync(FILE) || readFileSync(FILE, "utf8").startsWith(OURS);

/** Writes the config file, unless there is one of somebody else's: then it says what to set. */
export function configureMetalctl(url: string, adminKey: string): void {
  if (!isOurs()) {
    console.log(
      `  ${FILE} is yours and stays; for metalctl set METALCTL_API_URL=${url} and METALCTL_HMAC (in .lab/hmac)`,
    );
    writeFileSync(".lab/hmac", adminKey, { mode: 0o600 });
    return;
  }
  const context = `    url: ${url}\n    hmac: ${adminKey}\n    hmac_auth_type: Metal-Admin\n`;
  writeFileSync(FILE, `${OURS}current: lab\ncontexts:\n  lab:\n${context}`, { mode: 0o600 });
}

/** Takes our config file away again. */
export function forgetMetalctl(): void {
  if (isOurs()) rmSync(FILE, { force: true });
}
