// What people read about waiting and erasing.
import type { agent } from "@metal-stack/protocol";
import type { DiskEraseInit } from "../disks/index.ts";

export function describeWait(order: agent.Wait): string {
  const text = order.allocatable ? "waiting for an allocation" : "held back";
  return order.reason === "" ? text : `${text}: ${order.reason}`;
}

export function eraseSummary(disks: readonly DiskEraseInit[]): string[] {
  if (disks.length === 0) return ["no disks to erase"];
  return disks.map(({ name, method, verified, error }) =>
    verified ? `${name} erased by ${method}, verified` : `${name} NOT erased: ${error}`,
  );
}
