import type { FilesystemLayoutCreateRequest, FilesystemLayoutResponse } from "@metal-stack/api-schema";
import type { FilesystemLayout } from "../database/documents.ts";

export function layoutOf(body: FilesystemLayoutCreateRequest): FilesystemLayout {
  return {
    id: body.id,
    name: body.name ?? "",
    description: body.description ?? "",
    constraints: { sizes: body.constraints.sizes ?? [], images: body.constraints.images ?? {} },
    filesystems: body.filesystems ?? [],
    disks: body.disks ?? [],
    raid: body.raid ?? [],
    volumegroups: body.volumegroups ?? [],
    logicalvolumes: body.logicalvolumes ?? [],
  };
}

/** Stored and answered alike; also for the copy in an allocation. */
export function filesystemLayoutResponse(layout: FilesystemLayout): FilesystemLayoutResponse {
  return structuredClone(layout) as FilesystemLayoutResponse;
}
