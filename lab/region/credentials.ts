// Keys and certificates of the region: one certificate authority, one certificate a component, made new for every run.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Component } from "@metal-stack/service";

const execute = promisify(execFile);
const ISSUE = "control-plane/metal-api/identity/issue.ts";

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Credentials {
  readonly caCert: string;
  readonly caKey: string;
  /** HMAC keys of the three REST roles. */
  readonly hmac: Readonly<Record<"view" | "edit" | "admin", string>>;
  /** The component's certificate, made when it is asked for first. */
  issue(component: Component, id: string, names?: readonly string[]): Promise<CertificateFiles>;
}

/** Makes the region's certificate authority and HMAC keys in `folder`. */
export async function makeCredentials(folder: string): Promise<Credentials> {
  const caCert = join(folder, "ca.pem");
  const caKey = join(folder, "ca-key.pem");
  await execute(process.execPath, [ISSUE, "--init", "--ca-cert", caCert, "--ca-key", caKey]);
  const secret = () => randomBytes(24).toString("hex");
  const issued = new Map<string, Promise<CertificateFiles>>();
  return {
    caCert,
    caKey,
    hmac: { view: secret(), edit: secret(), admin: secret() },
    issue(component, id, names = []) {
      const out = join(folder, `${component}-${id}`);
      const known = issued.get(out);
      if (known) return known;
      const certificate = issueInto(out, [
        "--ca-cert",
        caCert,
        "--ca-key",
        caKey,
        "--component",
        component,
        "--id",
        id,
        ...names,
      ]);
      issued.set(out, certificate);
      return certificate;
    },
  };
}

async function issueInto(out: string, request: readonly string[]): Promise<CertificateFiles> {
  await execute(process.execPath, [ISSUE, ...request, "--out", out]);
  return { cert: join(out, "cert.pem"), key: join(out, "key.pem") };
}
