// The Debian packages the lab needs, and how they come: by apt, with sudo when needed, or by telling what to type.
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";

/** Package → what the lab uses it for. */
const PACKAGES: Readonly<Record<string, string>> = {
  "qemu-system-x86": "the servers",
  ovmf: "their UEFI firmware",
  "ipxe-qemu": "their network boot ROMs",
  ipxe: "network boot programs for firmware without",
  iproute2: "switches and cables",
  "iputils-ping": "the checks of isolation",
  socat: "LLDP on switch ports",
  radvd: "router advertisements in the boot network",
  "openssh-client": "logging in",
  ipmitool: "looking at BMCs as an operator does",
  mmdebstrap: "the OS image",
  uidmap: "the OS image, as an ordinary user",
  zstd: "images",
  binutils: "the discovery image",
  kmod: "the discovery image",
};

/** What the tests need on top. */
const TEST_PACKAGES: Readonly<Record<string, string>> = {
  "iputils-arping": "a stranger who plays boot server",
  gdisk: "disk layouts on loop devices",
  fdisk: "disk layouts on loop devices",
  dosfstools: "file systems on loop devices",
  e2fsprogs: "file systems on loop devices",
  lz4: "foreign archives",
  bsdutils: "a terminal for ipmitool",
  cpio: "a foreign reader of the discovery image",
  perl: "user data of the OS image",
  openipmi: "ipmi_sim, a foreign BMC",
  lldpd: "a foreign LLDP speaker",
  openssl: "certificates of stand-in servers",
  curl: "a foreign TFTP and HTTP client",
  chromium: "the SDK on web pages",
  zsh: "metalctl's completion",
  fish: "metalctl's completion",
};

function missing(packages: readonly string[]): string[] {
  return packages.filter((name) => {
    try {
      const status = execFileSync("dpkg-query", ["-W", "-f", "${Status}", name], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      return !status.toString().includes("install ok installed");
    } catch {
      return true;
    }
  });
}

function runLogged(command: readonly string[], report: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ["inherit", "pipe", "pipe"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    let tail: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        tail = [...tail.slice(-9), line];
        report(line);
      });
    }
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${command.join(" ")} ended with code ${code}:\n${tail.join("\n")}`)),
    );
  });
}

/**
 * Installs what is missing. As root by apt-get, otherwise by sudo.
 * @throws Error that names the command to type, when packages are missing and can't be installed from here
 */
export async function installDebianPackages(
  report: (detail: string) => void,
  options: { tests?: boolean } = {},
): Promise<void> {
  const wanted = Object.keys(options.tests ? { ...PACKAGES, ...TEST_PACKAGES } : PACKAGES);
  if (!existsSync("/usr/bin/dpkg-query")) {
    throw new Error(`this is not a Debian system; install the counterparts of: ${wanted.join(" ")}`);
  }
  const lacking = missing(wanted);
  if (lacking.length === 0) return report(`${wanted.length} present`);
  const root = process.getuid?.() === 0;
  const sudo = root ? [] : ["sudo", ...(process.stdin.isTTY ? [] : ["-n"])];
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...lacking];
  report(`installing ${lacking.join(" ")}`);
  try {
    await runLogged([...sudo, "apt-get", "update"], report);
    // Packages such as lldpd start their service when installed; the lab runs its own in namespaces.
    await runLogged([...sudo, "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", ...install], report);
  } catch (error) {
    throw new Error(
      `cannot install Debian packages (${(error as Error).message}). Please run:\n\n  ${root ? "" : "sudo "}${install.join(" ")}\n`,
      { cause: error },
    );
  }
  report(`installed ${lacking.length}`);
}
