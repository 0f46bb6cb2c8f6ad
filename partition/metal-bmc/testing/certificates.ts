// Certificates for tests, made with the openssl command: a CA, a server for 127.0.0.1, a client that is a BMC agent.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identityUri } from "@metal-stack/service";

/** Writes ca.pem, server.pem, server.key, client.pem and client.key into the folder. */
export function makeCertificates(folder: string, partition: string): void {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA", "-days", "2");
  const names = {
    server: "IP:127.0.0.1",
    client: `URI:${identityUri({ component: "metal-bmc", id: partition })}`,
  };
  for (const [name, alternativeName] of Object.entries(names)) {
    openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${alternativeName}\n`);
    const from = ["-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl("x509", "-req", ...from, "-out", `${name}.pem`, "-days", "2", "-extfile", `${name}.ext`);
  }
}

export function readPem(folder: string, name: string): string {
  return readFileSync(join(folder, name), "utf8");
}
