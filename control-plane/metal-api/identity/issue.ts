// Makes the certificate authority and certificates for agents, for operators and the lab:
//   node control-plane/metal-api/identity/issue.ts --init --ca-cert ca.pem --ca-key ca-key.pem
//   node control-plane/metal-api/identity/issue.ts --ca-cert ca.pem --ca-key ca-key.pem \
//     --component metal-core --id leaf01 --out certificates/leaf01 [--dns name …] [--ip address …] [--days 365]
// writes cert.pem, key.pem (mode 0600) and ca.pem into the folder. Existing keys are never overwritten.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type Component, identityUri, parseIdentity } from "@metal-stack/service";
import { CertificateAuthority, newKeyPair, privateKeyPem } from "./authority.ts";

const DAY_MS = 24 * 3_600_000;
const SECRET_MODE = 0o600;

/** Makes an authority in two files; fails when one exists. */
export async function initAuthority(certFile: string, keyFile: string): Promise<void> {
  const { certificate, key } = await CertificateAuthority.create("metal-stack", new Date());
  writeNew(keyFile, key, SECRET_MODE);
  writeNew(certFile, certificate);
}

interface IssueOptions {
  readonly caCert: string;
  readonly caKey: string;
  readonly component: Component;
  readonly id: string;
  /** Folder for cert.pem, key.pem and ca.pem. */
  readonly out: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly days?: number;
}

/** Makes a key and a certificate for a component. Fails when the folder already has a key. */
export async function issueCertificate(options: IssueOptions): Promise<void> {
  const authority = CertificateAuthority.load(
    readFileSync(options.caCert, "utf8"),
    readFileSync(options.caKey, "utf8"),
  );
  const keys = await newKeyPair();
  const { pem } = await authority.issue({
    identity: { component: options.component, id: options.id },
    publicKey: keys.publicKey,
    lifetimeMs: (options.days ?? 365) * DAY_MS,
    now: new Date(),
    ...(options.dnsNames && { dnsNames: options.dnsNames }),
    ...(options.ipAddresses && { ipAddresses: options.ipAddresses }),
  });
  writeNew(join(options.out, "key.pem"), await privateKeyPem(keys), SECRET_MODE);
  writeNew(join(options.out, "cert.pem"), pem);
  writeNew(join(options.out, "ca.pem"), authority.certificate);
}

function writeNew(file: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode, flag: "wx" });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      init: { type: "boolean" },
      "ca-cert": { type: "string" },
      "ca-key": { type: "string" },
      component: { type: "string" },
      id: { type: "string" },
      out: { type: "string" },
      dns: { type: "string", multiple: true },
      ip: { type: "string", multiple: true },
      days: { type: "string" },
    },
  });
  const required = (name: "ca-cert" | "ca-key" | "component" | "id" | "out"): string => {
    const value = values[name];
    if (!value) throw new Error(`--${name} is missing`);
    return value;
  };
  if (values.init) return initAuthority(required("ca-cert"), required("ca-key"));
  const identity = { component: required("component") as Component, id: required("id") };
  if (!parseIdentity(`URI:${identityUri(identity)}`)) throw new Error(`there is no component "${identity.component}"`);
  const days = values.days === undefined ? undefined : Number(values.days);
  if (days !== undefined && !(days > 0)) throw new Error("--days must be a positive number");
  return issueCertificate({
    ...identity,
    caCert: required("ca-cert"),
    caKey: required("ca-key"),
    out: required("out"),
    dnsNames: values.dns ?? [],
    ipAddresses: values.ip ?? [],
    ...(days !== undefined && { days }),
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main().catch((error: unknown) => {
    console.error(`issue: ${(error as Error).message}`);
    process.exitCode = 1;
  });
}
