// Tenants, projects, and what is offered: partitions, sizes, images, filesystem layouts.
import { body, created, id, M1, NOBODY, PROJECT, type Row } from "./row.ts";

const LAYOUT = {
  id: "default",
  constraints: { sizes: ["v1-small"], images: { debian: "*" } },
  disks: [{ device: "/dev/vda", wipeonreinstall: true, partitions: [{ number: 1, size: 0, gpttype: "8300" }] }],
  filesystems: [{ path: "/", device: "/dev/vda1", format: "ext4", label: "root" }],
};
/** @param files base URL of a server that has every file */
export const catalogue = (files: string): Row[] => [
  { operation: "info", payload: { name: "metal-api" } },
  { operation: "health", payload: { status: "healthy" } },
  { operation: "getMe", payload: { Name: "Metal-Admin", EMail: "metal-admin@metal-stack.io" } },

  {
    operation: "createTenant",
    parameters: body({ meta: { id: "acme" }, name: "Acme" }),
    ...created,
    payload: { name: "Acme" },
  },
  {
    operation: "createTenant",
    parameters: body({ meta: { id: "acme" } }),
    result: "Conflict",
    error: "already exists",
  },
  {
    operation: "getTenant",
    parameters: id("acme"),
    payload: { meta: { id: "acme", kind: "Tenant", apiversion: "v1" } },
  },
  { operation: "getTenant", parameters: id(NOBODY), result: "Default", error: "NotFound" },
  {
    operation: "updateTenant",
    parameters: body({ meta: { id: "acme" }, name: "Acme Ltd" }),
    payload: { name: "Acme Ltd", meta: { version: 1 } },
  },
  { operation: "listTenants", payload: [{ meta: { id: "acme" } }] },
  { operation: "findTenants", parameters: body({ name: "Acme Ltd" }), payload: [{ meta: { id: "acme" } }] },
  { operation: "createTenant", parameters: body({ meta: { id: "gone" } }), ...created },
  { operation: "deleteTenant", parameters: id("gone"), payload: { meta: { id: "gone" } } },

  {
    operation: "createProject",
    parameters: body({ meta: { id: PROJECT }, name: "shop", tenant_id: "acme" }),
    ...created,
    payload: { name: "shop" },
  },
  {
    operation: "createProject",
    parameters: body({ meta: { id: PROJECT }, tenant_id: "acme" }),
    result: "Conflict",
    error: "already exists",
  },
  {
    operation: "createProject",
    parameters: body({ name: "x", tenant_id: NOBODY }),
    result: "Default",
    error: "NotFound",
  },
  { operation: "findProject", parameters: id(PROJECT), payload: { quotas: { machine: {}, ip: {} } } },
  {
    operation: "updateProject",
    parameters: body({ meta: { id: PROJECT }, name: "store", tenant_id: "acme" }),
    payload: { name: "store" },
  },
  { operation: "listProjects", payload: [{ meta: { id: PROJECT } }] },
  { operation: "findProjects", parameters: body({ tenant_id: "acme" }), payload: [{ name: "store" }] },
  { operation: "createProject", parameters: body({ meta: { id: "gone" }, tenant_id: "acme" }), ...created },
  { operation: "deleteProject", parameters: id("gone"), payload: { meta: { id: "gone" } } },

  {
    operation: "createPartition",
    parameters: body({
      id: "muc",
      bootconfig: { imageurl: `${files}/initrd`, kernelurl: `${files}/kernel` },
      dns_servers: [{ ip: "9.9.9.9" }],
    }),
    ...created,
    payload: { id: "muc", dns_servers: [{ ip: "9.9.9.9" }] },
  },
  {
    operation: "createPartition",
    parameters: body({ id: "muc", bootconfig: { imageurl: `${files}/initrd`, kernelurl: `${files}/kernel` } }),
    result: "Conflict",
    error: "Conflict cannot create partition in database, entity already exists: muc",
  },
  {
    operation: "updatePartition",
    parameters: body({ id: "muc", description: "south", bootconfig: {} }),
    payload: { description: "south", bootconfig: { imageurl: `${files}/initrd` } },
  },
  { operation: "findPartition", parameters: id("muc"), payload: { id: "muc" } },
  {
    operation: "findPartition",
    parameters: id(NOBODY),
    result: "Default",
    error: 'NotFound no partition with id "nobody" found',
  },
  { operation: "listPartitions", payload: [{ id: "fra" }, { id: "muc" }] },
  { operation: "deletePartition", parameters: id("muc"), payload: { id: "muc" } },

  {
    operation: "createSize",
    parameters: body({ id: "big", constraints: [{ type: "cores", min: 64, max: 64 }] }),
    ...created,
    payload: { id: "big" },
  },
  {
    operation: "createSize",
    parameters: body({ id: "big", constraints: [{ type: "cores", min: 64, max: 64 }] }),
    result: "Conflict",
    error: "already exists",
  },
  {
    operation: "updateSize",
    parameters: body({ id: "big", description: "many cores" }),
    payload: { description: "many cores", constraints: [{ min: 64 }] },
  },
  { operation: "findSize", parameters: id("big"), payload: { id: "big" } },
  { operation: "listSizes", payload: [{ id: "big" }, { id: "v1-small" }] },
  { operation: "suggest", parameters: body({ machineID: M1 }), payload: [{ type: "cores", min: 2, max: 2 }] },

  {
    operation: "createImage",
    parameters: body({ id: "ubuntu-24.04.20260101", url: `${files}/ubuntu`, features: ["machine"] }),
    ...created,
    payload: { classification: "preview" },
  },
  {
    operation: "createImage",
    parameters: body({ id: "ubuntu-24.04.20260101", url: `${files}/ubuntu`, features: ["machine"] }),
    result: "Conflict",
    error: "already exists",
  },
  {
    operation: "updateImage",
    parameters: body({ id: "ubuntu-24.04.20260101", classification: "supported" }),
    payload: { classification: "supported", url: `${files}/ubuntu` },
  },
  { operation: "findImage", parameters: id("ubuntu-24.04.20260101"), payload: { features: ["machine"] } },
  { operation: "findLatestImage", parameters: id("ubuntu-24.04"), payload: { id: "ubuntu-24.04.20260101" } },
  { operation: "queryImagesByID", parameters: id("ubuntu-24.04"), payload: [{ id: "ubuntu-24.04.20260101" }] },
  { operation: "listImages", parameters: { showUsage: true }, payload: [{ id: "debian-12.0.20261101" }] },
  { operation: "findImages", parameters: body({ os: "ubuntu" }), payload: [{ id: "ubuntu-24.04.20260101" }] },
  { operation: "deleteImage", parameters: id("ubuntu-24.04.20260101"), payload: { id: "ubuntu-24.04.20260101" } },

  { operation: "createFilesystemLayout", parameters: body(LAYOUT), ...created, payload: { id: "default" } },
  { operation: "createFilesystemLayout", parameters: body(LAYOUT), result: "Conflict", error: "already exists" },
  {
    operation: "updateFilesystemLayout",
    parameters: body({ ...LAYOUT, description: "one disk" }),
    payload: { description: "one disk" },
  },
  { operation: "getFilesystemLayout", parameters: id("default"), payload: { filesystems: [{ format: "ext4" }] } },
  { operation: "listFilesystemLayouts", payload: [{ id: "default" }] },
  {
    operation: "tryFilesystemLayout",
    parameters: body({ size: "v1-small", image: "debian-12.0.20261101" }),
    payload: { id: "default" },
  },
  {
    operation: "matchFilesystemLayout",
    parameters: body({ machine: M1, filesystemlayout: "default" }),
    payload: { id: "default" },
  },
  {
    operation: "createFilesystemLayout",
    parameters: body({ id: "gone", constraints: { sizes: [], images: {} } }),
    ...created,
  },
  { operation: "deleteFilesystemLayout", parameters: id("gone"), payload: { id: "gone" } },

  {
    operation: "createSizeReservation",
    role: "Metal-Edit",
    parameters: body({ id: "seeds", sizeid: "v1-small", projectid: PROJECT, partitionids: ["fra"], amount: 1 }),
    ...created,
    payload: { id: "seeds", amount: 1 },
  },
  {
    operation: "createSizeReservation",
    parameters: body({ id: "seeds", sizeid: "v1-small", projectid: PROJECT, partitionids: ["fra"], amount: 1 }),
    result: "Conflict",
    error: "already exists",
  },
  {
    operation: "updateSizeReservation",
    role: "Metal-Edit",
    parameters: body({ id: "seeds", amount: 2 }),
    payload: { amount: 2, partitionids: ["fra"] },
  },
  { operation: "getSizeReservation", parameters: id("seeds"), payload: { sizeid: "v1-small" } },
  { operation: "listSizeReservations", payload: [{ id: "seeds" }] },
  { operation: "findSizeReservations", parameters: body({ projectid: PROJECT }), payload: [{ id: "seeds" }] },
  {
    operation: "sizeReservationsUsage",
    parameters: body({ projectid: PROJECT }),
    payload: [{ id: "seeds", partitionid: "fra", amount: 2 }],
  },
  {
    operation: "partitionCapacity",
    parameters: body({ id: "fra" }),
    payload: [{ id: "fra", servers: [{ size: "v1-small", total: 2, waiting: 2, reservations: 2 }] }],
  },
  { operation: "deleteSize", parameters: id("v1-small"), result: "Default", error: "size reservations" },
  { operation: "deleteSizeReservation", role: "Metal-Edit", parameters: id("seeds"), payload: { id: "seeds" } },

  {
    operation: "createSizeImageConstraint",
    parameters: body({ id: "v1-small", constraints: { images: { debian: ">= 12.0.20260101" } } }),
    ...created,
    payload: { id: "v1-small" },
  },
  {
    operation: "createSizeImageConstraint",
    parameters: body({ id: "v1-small", constraints: { images: {} } }),
    result: "Conflict",
    error: "already exists",
  },
  {
    operation: "updateSizeImageConstraint",
    parameters: body({ id: "v1-small", name: "new ones", constraints: { images: { debian: ">= 12.0.20260201" } } }),
    payload: { name: "new ones" },
  },
  { operation: "findSizeImageConstraint", parameters: id("v1-small"), payload: { id: "v1-small" } },
  { operation: "listSizeImageConstraints", payload: [{ id: "v1-small" }] },
  { operation: "trySizeImageConstraint", parameters: body({ size: "v1-small", image: "debian-12.0" }) },
  { operation: "deleteSizeImageConstraint", parameters: id("v1-small"), payload: { id: "v1-small" } },
];
