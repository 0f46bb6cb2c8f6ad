// Disks of every kind and character, in real virtual machines, erased by the real discovery image: what is reported as
// erased holds nothing of what was on it, and every disk that fails or lies is found out, with its reason.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDiscoveryImage } from "../setup/artefacts.ts";
import { countOnDisk, newMark } from "../story/canary.ts";
import { BROKEN, CLEARING, type Behaviour } from "./behaviours.ts";
import { fillWithMark, qemuDisks, serveDisk, type DiskToServe } from "./disks.ts";
import { burnGuestCode, ErasingMachine, type DiskRecord } from "./machine.ts";
import { ignores, whenErased } from "./medium.ts";

const MINUTE = 60_000;
/** Long for a disk here, even on a busy host: only one that hangs makes no progress for so long. */
const PATIENCE_MS = 1.5 * MINUTE;
const LIMIT_MS = 5 * MINUTE;

const possible = ["qemu-system-x86_64", "setpriv"].every((tool) => spawnSync("which", [tool]).status === 0);
if (!possible) console.warn("SKIPPED: disks in virtual machines (no qemu-system-x86_64 or setpriv)");

const mark = newMark();
let folder: string;
let cd: string;

async function boot(
  name: string,
  disks: readonly DiskToServe[],
  seen: number,
  during: (machine: ErasingMachine) => Promise<readonly DiskRecord[]>,
): Promise<readonly DiskRecord[]> {
  await using stack = new AsyncDisposableStack();
  const served = [];
  for (const disk of disks) served.push(stack.use(await serveDisk(folder, disk)));
  const options = {
    folder,
    name,
    cd,
    disks: qemuDisks(served),
    count: seen,
    patienceMs: PATIENCE_MS,
    limitMs: LIMIT_MS,
  };
  const machine = new ErasingMachine(options);
  stack.defer(() => machine.powerOff());
  // Awaited here: the disks are there as long as the machine.
  return await during(machine);
}

const fileOf = ({ id }: DiskToServe): string => join(folder, `${id}.raw`);

/** Both namespaces of a controller have its serial. */
function recordOf(disk: DiskToServe, records: readonly DiskRecord[]): DiskRecord | undefined {
  const serial = disk.namespaceOf?.id ?? disk.id;
  const namespace = disk.namespaceOf ? /n2$/ : /n1$/;
  return records.find(
    (record) => record.serial === serial && (disk.interface !== "nvme" || namespace.test(record.name)),
  );
}

async function check(behaviour: Behaviour, records: readonly DiskRecord[]): Promise<void> {
  const record = recordOf(behaviour, records);
  const wanted = behaviour.expect;
  if ("error" in wanted) {
    expect(record).toMatchObject({ verified: false, error: expect.stringMatching(wanted.error) });
    return;
  }
  const attempts = (wanted.attempts ?? []).map((pattern) => expect.stringMatching(pattern));
  expect(record).toMatchObject({ verified: true, method: wanted.method, attempts });
  expect(record?.marksProven).toBeGreaterThan(50);
  expect(await countOnDisk(fileOf(behaviour), mark)).toBe(0);
}

describe.skipIf(!possible)("disks of a machine that is erased", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "disk-faults-"));
    await buildDiscoveryImage(() => undefined);
    cd = await burnGuestCode(folder);
  }, 10 * MINUTE);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe("that clear themselves, or say so", () => {
    let records: readonly DiskRecord[];
    beforeAll(async () => {
      for (const disk of CLEARING) fillWithMark(fileOf(disk), mark);
      records = await boot("clearing", CLEARING, CLEARING.length, (machine) => machine.erase());
    }, LIMIT_MS + MINUTE);

    it.each(CLEARING.map((behaviour) => [behaviour.id, behaviour] as const))("%s", (_, behaviour) =>
      check(behaviour, records),
    );
  });

  describe("that are broken, lie or hide something", () => {
    const hidden: DiskToServe = {
      id: "nvme-hidden-2",
      interface: "nvme",
      namespaceOf: { id: "nvme-hidden", detached: true },
    };
    let records: readonly DiskRecord[];
    let vanishes: Promise<unknown> | undefined;
    let unplug = (): Promise<unknown> => Promise.resolve();
    const vanishing: DiskToServe = {
      id: "scsi-vanishes",
      interface: "scsi",
      // Pulled while it is overwritten.
      faults: [whenErased(0.4, () => void (vanishes = unplug())), ignores("trim", "zero")],
    };
    beforeAll(async () => {
      const disks = [...BROKEN, hidden, vanishing];
      for (const disk of disks) fillWithMark(fileOf(disk), mark);
      records = await boot("broken", disks, disks.length - 1, (machine) => {
        unplug = () => machine.qmp.execute("device_del", { id: vanishing.id });
        return machine.erase();
      });
      await vanishes;
    }, LIMIT_MS + MINUTE);

    it.each(BROKEN.map((behaviour) => [behaviour.id, behaviour] as const))("%s", (_, behaviour) =>
      check(behaviour, records),
    );

    it("scsi-vanishes", () => {
      expect(recordOf(vanishing, records)).toMatchObject({
        verified: false,
        error: expect.stringContaining("the disk vanished"),
      });
    });
  });

  describe("that lose their power in the middle", () => {
    /** So that they are overwritten. */
    const slow = [ignores("trim", "zero")];
    const disks: readonly DiskToServe[] = [
      { id: "virtio-power", interface: "virtio", faults: slow },
      { id: "sata-power", interface: "sata", faults: slow },
      { id: "nvme-power", interface: "nvme", faults: slow },
    ];

    it(
      "are not reported as erased, and are erased at the next boot",
      async () => {
        for (const disk of disks) fillWithMark(fileOf(disk), mark);
        let cut = (): void => undefined;
        const [first, ...others] = disks;
        const victim = { ...first!, faults: [whenErased(0.5, () => cut()), ...slow] };
        const machines: ErasingMachine[] = [];
        const interrupted = boot("power-fails", [victim, ...others], disks.length, (machine) => {
          machines.push(machine);
          cut = () => void machine.powerOff();
          return machine.erase();
        });
        await expect(interrupted).rejects.toThrow("the machine ended before its erase");
        expect(machines[0]!.told.some(({ kind }) => kind === "done")).toBe(false);
        expect(await countOnDisk(fileOf(victim), mark)).toBeGreaterThan(0);

        const records = await boot("power-returns", disks, disks.length, (machine) => machine.erase());
        for (const disk of disks) {
          expect(recordOf(disk, records)).toMatchObject({ verified: true, method: "overwrite" });
          expect(await countOnDisk(fileOf(disk), mark)).toBe(0);
        }
      },
      2 * LIMIT_MS,
    );
  });
});
