// Which allocated machine may be given another operating system (reference/machine-lifecycle.md 2.12). Pure.
import type { FilesystemLayout } from "../database/documents.ts";
import { badRequest, unprocessable } from "../errors.ts";
import { isReinstallable } from "../filesystem-layouts/rules.ts";
import type { EventType } from "../provisioning/events.ts";

export interface ReinstallFacts {
  readonly stateValue: string;
  readonly allocation: { readonly filesystem_layout: FilesystemLayout } | null;
}

/** Throws 400, 422. */
export function checkReinstall({ stateValue, allocation }: ReinstallFacts, imageId: string): void {
  const unfit = badRequest("machine either locked, not allocated yet or invalid image ID specified");
  if (!allocation || stateValue === "LOCKED") throw unfit;
  const layout = allocation.filesystem_layout;
  if (!isReinstallable(layout))
    throw unprocessable(`filesystemlayout:${layout.id} is not reinstallable, abort reinstallation`);
  if (imageId === "") throw unfit;
}

/** Newest events of a machine that has not begun to boot the discovery image since its reinstallation was asked for. */
export const BEFORE_ITS_BOOT: readonly EventType[] = ["Planned Reboot", "Phoned Home"];
