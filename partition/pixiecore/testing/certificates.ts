// Certificates for tests, made with the openssl command: a CA, a server for 127.0.0.1 and a client that names itself.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { identityUri, type Identity } from "@metal-stack/service";

export interface TestCertificates {
  readonly folder: string;
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}

export function makeCertificates(client: Identity): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), "pixiecore-certificates-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA", "-days", "2");
  const issue = (name: string, names: string) => {
    openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
    const from = ["-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl("x509", "-req", ...from, "-out", `${name}.pem`, "-days", "2", "-extfile", `${name}.ext`);
    return {
      cert: readFileSync(join(folder, `${name}.pem`), "utf8"),
      key: readFileSync(join(folder, `${name}.key`), "utf8"),
    };
  };
  return {
    folder,
    server: issue("server", "IP:127.0.0.1,DNS:localhost"),
    client: issue("client", `URI:${identityUri(client)}`),
    ca: readFileSync(join(folder, "ca.pem"), "utf8"),
  };
}
