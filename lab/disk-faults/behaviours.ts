// How disks behave, and what the hammer must say of each.
import type { DiskToServe, Interface } from "./disks.ts";
import {
  dies,
  failsToRead,
  failsToWrite,
  hangs,
  ignores,
  keeps,
  keepsTheEnd,
  losesBeyond,
  pretends,
  refuses,
  wrapsAround,
  type Fault,
} from "./medium.ts";

export interface Behaviour extends DiskToServe {
  readonly expect:
    | { readonly method: string; readonly attempts?: readonly RegExp[] }
    /** Not erased, with this reason. */
    | { readonly error: RegExp };
}

const RESIDUE = String.raw`[1-9]\d* of \d+ sectors read back are not zero`;
const NOT_ZERO = (method: string): RegExp => new RegExp(`^${method}: ${RESIDUE}$`);
const REFUSED = (method: string): RegExp => new RegExp(`^${method}: .*exit code`);

/** What the interface's own way of clearing is: the first method, and the next. */
const FIRST: Readonly<Record<Interface, readonly [method: string, next: string]>> = {
  virtio: ["discard", "write-zeroes"],
  scsi: ["discard", "write-zeroes"],
  sata: ["discard", "overwrite"],
  nvme: ["nvme-format", "discard"],
};

const clearing = (kind: Interface): Behaviour[] => {
  const [first, next] = FIRST[kind];
  const order = kind === "nvme" ? "zero" : "trim";
  const withFault = (name: string, faults: readonly Fault[], attempts: readonly RegExp[]): Behaviour => ({
    id: `${kind}-${name}`,
    interface: kind,
    faults,
    expect: { method: attempts.length === 0 ? first : next, attempts },
  });
  return [
    withFault("honoured", [], []),
    withFault("ignored", [ignores(order)], [NOT_ZERO(first)]),
    {
      ...withFault("refused", [refuses(order)], [REFUSED(first)]),
      // After a format that failed, QEMU's NVMe is of no use any more, as is many a real one.
      ...(kind === "nvme" && { expect: { error: /no method erased this disk; nvme-format: .*exit code/ } }),
    },
    // Shows zeros, from a cache.
    withFault("lying", [pretends(order)], [NOT_ZERO(first)]),
  ];
};

/** Discard (NVMe: format) honoured, ignored, refused, and lied about, on every interface. */
export const CLEARING: readonly Behaviour[] = (["virtio", "scsi", "sata", "nvme"] as const).flatMap(clearing);

const brokenInTheMiddle = (kind: Interface): Behaviour => ({
  id: `${kind}-write-errors`,
  interface: kind,
  faults: [failsToWrite(0.55, 0.6)],
  expect: { error: /the disk fails to write at byte \d+: EIO/ },
});

/** What no method can erase, or no read-back prove. */
export const BROKEN: readonly Behaviour[] = [
  ...(["virtio", "scsi", "sata", "nvme"] as const).map(brokenInTheMiddle),
  {
    id: "virtio-drops-writes",
    interface: "virtio",
    faults: [keeps(0, 1)],
    expect: {
      error: new RegExp(`no method erased this disk; discard: ${RESIDUE}; write-zeroes: .*; overwrite: ${RESIDUE}`),
    },
  },
  {
    id: "scsi-keeps-a-quarter",
    interface: "scsi",
    faults: [keeps(0.4, 0.65)],
    expect: { error: new RegExp(`no method erased this disk; .*overwrite: ${RESIDUE}`) },
  },
  {
    id: "sata-keeps-the-end",
    interface: "sata",
    faults: [keepsTheEnd],
    expect: { error: /no method erased this disk; .*overwrite: 1 of \d+ sectors read back are not zero/ },
  },
  {
    id: "nvme-keeps-a-little",
    interface: "nvme",
    faults: [keeps(0.7, 0.72)],
    expect: { error: new RegExp(`no method erased this disk; .*overwrite: ${RESIDUE}`) },
  },
  {
    id: "virtio-read-errors",
    interface: "virtio",
    faults: [failsToRead(0.5, 0.55)],
    expect: { error: /no method erased this disk; .*overwrite: the disk fails to read at byte \d+: EIO/ },
  },
  {
    id: "virtio-wraps-around",
    interface: "virtio",
    faults: [wrapsAround(0.5)],
    expect: { error: /what was written at byte \d+ is found at byte \d+: the disk is smaller than it says/ },
  },
  {
    id: "scsi-ends-early",
    interface: "scsi",
    faults: [failsToWrite(0.75, 1), failsToRead(0.75, 1)],
    expect: { error: /no method erased this disk; .*the disk fails to write at byte \d+: EIO/ },
  },
  {
    id: "nvme-loses-the-end",
    interface: "nvme",
    faults: [losesBeyond(0.75)],
    expect: {
      error:
        /what was written at byte \d+ is not there: the disk drops writes, or is smaller than it says \(.*erased by/,
    },
  },
  { id: "virtio-read-only", interface: "virtio", readOnly: true, expect: { error: /^the disk is write-protected$/ } },
  { id: "scsi-read-only", interface: "scsi", readOnly: true, expect: { error: /^the disk is write-protected$/ } },
  {
    id: "virtio-dies",
    interface: "virtio",
    faults: [dies(0.4), ignores("trim", "zero")],
    expect: { error: /no method erased this disk; .*overwrite: the disk fails to write at byte \d+: EIO/ },
  },
  {
    id: "virtio-hangs",
    interface: "virtio",
    faults: [hangs(0.4), ignores("trim", "zero")],
    expect: { error: /^the disk hangs: overwrite made no progress for / },
  },
  { id: "nvme-namespaces", interface: "nvme", expect: { method: "nvme-format" } },
  {
    id: "nvme-namespaces-2",
    interface: "nvme",
    namespaceOf: { id: "nvme-namespaces", detached: false },
    expect: { method: "nvme-format" },
  },
  {
    id: "nvme-hidden",
    interface: "nvme",
    expect: {
      error: /has namespaces that are not attached \(2\), whose data stays: attach them .*erased by nvme-format/,
    },
  },
];
