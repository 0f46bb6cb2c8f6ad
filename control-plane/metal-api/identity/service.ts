import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { agent } from "@metal-stack/protocol";
import type { PublicKey } from "@peculiar/x509";
import type { GrpcIdentity } from "../config.ts";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { peerKey } from "../grpc/peer.ts";
import type { GrpcModule } from "../grpc/server.ts";
import { CertificateAuthority, MACHINE_CERTIFICATE_LIFETIME_MS } from "./authority.ts";
import { revokeCertificates, storeCertificate } from "./certificates.ts";
import { keyOfSigningRequest, SigningRequestError } from "./signing-request.ts";
import { spendTicket } from "./tickets.ts";

/** Throws when the authority's key or certificate cannot be read. */
export function identityModule({ caCert, caKey }: GrpcIdentity): GrpcModule {
  const authority = CertificateAuthority.load(caCert, caKey.reveal());
  return (add, context) => {
    const { db, clock, log } = context;
    add(agent.IdentityService, {
      async exchange({ machineId, ticket, csr }) {
        // On its own and first: the ticket is spent whatever comes of it.
        if (!(await spendTicket(db, ticket, machineId, clock()))) {
          log.warn({ machine: machineId.slice(0, 64) }, "a ticket was refused");
          throw new ConnectError(
            "the ticket is unknown, spent, expired or another machine's: boot from the network again",
            Code.Unauthenticated,
          );
        }
        const key = await keyOf(csr);
        return transact(db, async (tx) => {
          // First, as whoever takes the machine from its tenant and revokes its certificates does.
          await tx.selectFrom("machines").select("id").where("id", "=", machineId).forUpdate().execute();
          // A new boot: whatever ran on the machine before has no say any more.
          await revokeCertificates(tx, machineId, clock());
          return certify(context, authority, tx, machineId, key);
        });
      },

      async renew({ csr }, { values }) {
        const machineId = values.get(peerKey).identity!.id;
        const key = await keyOf(csr);
        return certify(context, authority, db, machineId, key);
      },
    });
  };
}

async function keyOf(csr: Uint8Array): Promise<PublicKey> {
  try {
    return await keyOfSigningRequest(csr);
  } catch (error) {
    if (error instanceof SigningRequestError) throw new ConnectError(error.message, Code.InvalidArgument);
    throw error;
  }
}

async function certify({ clock, log }: Context, authority: CertificateAuthority, db: Db, id: string, key: PublicKey) {
  const now = clock();
  const certificate = await authority.issue({
    identity: { component: "machine", id },
    publicKey: key,
    lifetimeMs: MACHINE_CERTIFICATE_LIFETIME_MS,
    now,
  });
  await storeCertificate(db, id, certificate, now);
  log.info({ machine: id, serial: certificate.serial }, "certificate issued");
  return {
    certificate: certificate.pem,
    ca: authority.certificate,
    notAfter: timestampFromDate(certificate.notAfter),
  };
}
