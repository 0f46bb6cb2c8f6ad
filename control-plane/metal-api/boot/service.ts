import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { agent, BootService } from "@metal-stack/protocol";
import type { DiskErase } from "../database/documents.ts";
import { transact } from "../database/transaction.ts";
import type { GrpcModule } from "../grpc/server.ts";
import { peerKey } from "../grpc/peer.ts";
import { reportErase, reportProgress } from "../release/erase-report.ts";
import type { RecordSigner } from "../release/record-key.ts";
import { instructions } from "./instructions.ts";
import { bootConfiguration, dhcpSeen, planBoot } from "./plan.ts";
import { registerMachine } from "./register.ts";
import { abortReinstall, disksTouched, reportInstallation } from "./report.ts";
import { wait } from "./wait.ts";

/** Numbers of a record are exact. */
const MAX_NUMBER = BigInt(Number.MAX_SAFE_INTEGER);

/** SMBIOS prints UUIDs in capitals in some firmware. */
const normal = (machineId: string) => machineId.toLowerCase();

/** The original's service: boot server and discovery image. */
export const bootModule: GrpcModule = (add, context) => {
  const { db, clock, keyring } = context;
  add(BootService, {
    async dhcp({ uuid, partitionId }) {
      await transact(db, (tx) => dhcpSeen(tx, normal(uuid), partitionId, clock()));
      return {};
    },

    async boot({ partitionId }) {
      const { kernelurl = "", imageurl = "", commandline } = await bootConfiguration(db, partitionId);
      return {
        kernel: kernelurl,
        initRamDisks: [imageurl],
        ...(commandline !== undefined && { cmdline: commandline }),
      };
    },

    /** BMC passwords are made per machine; there is no common one to give away. */
    superUserPassword: () => ({ featureDisabled: true }),

    register: (request) => registerMachine(context, request),

    wait: ({ machineId }, { values, signal }) =>
      wait(context, machineId, values.get(peerKey).identity === undefined, signal),

    async report(request) {
      await transact(db, (tx) => reportInstallation(tx, keyring, request, clock()));
      return {};
    },

    async abortReinstall({ uuid, primaryDiskWiped }) {
      const old = await transact(db, (tx) => abortReinstall(tx, uuid, primaryDiskWiped, clock()));
      if (!old) return {};
      return {
        bootInfo: {
          imageId: old.image_id,
          primaryDisk: old.primary_disk,
          osPartition: old.os_partition,
          initrd: old.initrd,
          cmdline: old.cmdline,
          kernel: old.kernel,
          bootloaderId: old.bootloaderid,
        },
      };
    },
  });
};

/** What our boot server asks. */
export const bootPlanModule: GrpcModule = (add, { db, clock, log }) =>
  add(agent.BootPlanService, {
    async plan({ machineId, partitionId, mac, architecture }) {
      const plan = await transact(db, (tx) =>
        planBoot(tx, { machineId: normal(machineId), partitionId, mac }, clock()),
      );
      log.info({ machine: normal(machineId), plan: plan.case, mac, architecture }, "boot plan");
      return { plan };
    },
  });

/** What our discovery image asks and tells. @param signer signs erase records */
export const hammerModule =
  (signer: RecordSigner): GrpcModule =>
  (add, context) => {
    const { db, clock, log } = context;
    add(agent.HammerService, {
      instructions: ({ machineId }, { signal }) => instructions(context, machineId, signal),

      async disksTouched({ machineId, allocationId }) {
        await transact(db, (tx) => disksTouched(tx, machineId, allocationId));
        return {};
      },

      async eraseProgress({ machineId, ...progress }) {
        await transact(db, (tx) => reportProgress(tx, machineId, progress, clock()));
        return {};
      },

      async reportErase({ machineId, jobId, disks }) {
        const verdict = await transact(db, (tx) => reportErase(tx, signer, machineId, jobId, disks.map(diskEraseOf)));
        log.info({ machine: machineId, job: jobId, ...verdict }, "erase judged");
        return verdict;
      },
    });
  };

function diskEraseOf(disk: agent.DiskErase): DiskErase {
  // Records are shown on terminals and verified by tools that write control characters in ways of their own.
  const text = (value: string) =>
    value
      .replaceAll(/\p{Cc}/gu, " ")
      .slice(0, 1000)
      .toWellFormed();
  const number = (value: bigint) => Number(value > MAX_NUMBER ? MAX_NUMBER : value);
  const time = (value: Timestamp | undefined) => {
    const date = value && timestampDate(value);
    return date && !Number.isNaN(date.getTime()) ? date.toISOString() : undefined;
  };
  const [started, finished] = [time(disk.started), time(disk.finished)];
  return {
    name: text(disk.name),
    serial: text(disk.serial),
    model: text(disk.model),
    size: number(disk.size),
    method: text(disk.method),
    ...(started && { started }),
    ...(finished && { finished }),
    sectors_sampled: number(disk.sectorsSampled),
    sectors_not_zero: number(disk.sectorsNotZero),
    sector_size: disk.sectorSize,
    verified: disk.verified,
    error: text(disk.error),
    attempts: disk.attempts.slice(0, 20).map(text),
    native_size: number(disk.nativeSize),
    marks_proven: disk.marksProven,
  };
}
