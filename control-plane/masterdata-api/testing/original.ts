// Runs the original's server and the probe beside it. The server insists on fixed ports for its metrics, so both get a
// network namespace of their own.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const TIMEOUT_MS = 300_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** What the program printed. Throws with its complaints when it fails. */
export async function outputOf(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { stdout } = await run(program, args, { ...options, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES });
  return stdout;
}

/** The settings that the original and ours share. @param url of an embedded PostgreSQL */
export function serverSettings(folder: string, url: string): NodeJS.ProcessEnv {
  const [, user, database, host] = /^postgres:\/\/(\w+)@\/(\w+)\?host=([^&]+)$/.exec(url)!;
  return {
    MASTERDATA_API_CA: `${folder}/ca.pem`,
    MASTERDATA_API_CERT: `${folder}/server.pem`,
    MASTERDATA_API_CERTKEY: `${folder}/server-key.pem`,
    MASTERDATA_API_HMACKEY: "secret",
    MASTERDATA_API_DBHOST: decodeURIComponent(host!),
    MASTERDATA_API_DBUSER: user!,
    MASTERDATA_API_DBPASSWORD: "unused",
    MASTERDATA_API_DBNAME: database!,
  };
}

const BESIDE = `
ip link set lo up
"$1" > "$3/original.log" 2>&1 & server=$!
trap 'kill $server' EXIT
shift; probe=$1; folder=$2; shift 2
"$probe" "$@"
`;

/** What the probe prints; or why the server cannot run here. @param url of an empty database */
export async function runOriginal(
  { probe, original, folder, url }: { probe: string; original: string; folder: string; url: string },
  what: readonly string[] = ["calls"],
): Promise<string | { missing: string }> {
  const unshare = process.getuid?.() === 0 ? ["--net"] : ["--user", "--map-root-user", "--net"];
  const possible = await outputOf("unshare", [...unshare, "ip", "link", "set", "lo", "up"]).then(
    () => true,
    () => false,
  );
  if (!possible) return { missing: "this machine allows no network namespaces" };
  const [command, ...more] = what;
  const args = [command!, "127.0.0.1:50051", folder, "secret", ...more];
  return outputOf("unshare", [...unshare, "sh", "-c", BESIDE, "sh", original, probe, folder, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], ...serverSettings(folder, url) },
  });
}
