// A request in which everything is wrong is told one thing at a time, in the original's order, with its status and words.
import { json } from "@metal-stack/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { notFound } from "../errors.ts";
import { FIREWALL_IMAGE, HARDWARE, IMAGE, INTERNET, PARTITION, PROJECT, SIZE, UNDERLAY } from "../testing/fleet.ts";
import { proveErased } from "../testing/proof.ts";
import { refusal } from "../testing/refusal.ts";
import { books, createTenant, type Tenant } from "../testing/tenant.ts";
import { noMasterdata } from "../testing/world.ts";

const SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1hY2hpbmVzTWFjaGluZXNNYWNoaW5lc01hY2hpbmVz me";
const RULE = { protocol: "udp", ports: [53], to: ["0.0.0.0/0"], comment: "dns" };
const hosts = (count: number) => Array.from({ length: count }, (_, index) => `10.0.0.${index}`);

let tenant: Tenant;
beforeAll(async () => {
  const masterdata = {
    ...noMasterdata,
    project: async (id: string) => {
      if (id === "nobody") throw notFound("project", id);
      return noMasterdata.project(id);
    },
  };
  tenant = await createTenant({ machines: 1 }, { masterdata });
});
afterAll(() => tenant.world.close());

const db = () => tenant.world.context.db;
const id = () => tenant.fleet.machines[0]!;
const own = () => ({ networkid: tenant.fleet.network.id });

/** Repairs the one thing that was told, in the request or in the world. */
type Repair = () => object | Promise<object>;
type Step = readonly [message: string, status: number, repair: Repair];

async function tellsInOrder(role: "machine" | "firewall", broken: object, steps: readonly Step[]): Promise<object> {
  let request: object = broken;
  const before = await books(db());
  for (const [message, status, repair] of steps) {
    const [told, text] = await refusal(tenant.world.call("edit", "POST", `/v1/${role}/allocate`, request));
    expect([told, text]).toEqual([status, expect.stringContaining(message) as string]);
    expect(await books(db())).toEqual(before);
    request = { ...request, ...(await repair()) };
  }
  return request;
}

const BROKEN = {
  networks: null,
  imageid: "windows-11.0",
  firewall_rules: { egress: [{ protocol: "sctp" }] },
  partitionid: "",
  sizeid: "",
  dns_servers: hosts(4).map((ip) => ({ ip })),
  ntp_servers: hosts(6).map((address) => ({ address })),
  projectid: "",
  ips: ["42"],
  ssh_pub_keys: ["nonsense"],
  filesystemlayoutid: "none",
};

const named = (image: string): readonly Step[] => [
  ["when no machine id is given, a partition id must be specified", 400, () => ({ partitionid: "nowhere" })],
  ["when no machine id is given, a size id must be specified", 400, () => ({ sizeid: "huge" })],
  ['size:huge not found err:NotFound no size with id "huge" found', 400, () => ({ sizeid: SIZE })],
  ['partition:nowhere not found err:NotFound no partition with id "nowhere"', 400, () => ({ partitionid: PARTITION })],
  ["please specify a maximum of three dns servers", 400, () => ({ dns_servers: [{ ip: "dns" }] })],
  ["ip: dns for dns server not correct", 400, () => ({ dns_servers: [] })],
  ["please specify a maximum of five ntp servers", 400, () => ({ ntp_servers: [{ address: "a b" }] })],
  ["dns name: a b for ntp server not correct", 400, () => ({ ntp_servers: [] })],
  ["project id must be specified", 422, () => ({ projectid: "nobody" })],
  ['"42" is not a valid IP address', 422, () => ({ ips: [] })],
  ["invalid public SSH key: nonsense error:", 422, () => ({ ssh_pub_keys: [SSH] })],
  [
    "missing ip(s) for network(s) without automatic ip allocation",
    422,
    async () => {
      const constraint = { id: SIZE, images: json({ [image]: "> 99" }) };
      await db().insertInto("size_image_constraints").values(constraint).execute();
      return { networks: [{ networkid: "none" }, own()] };
    },
  ],
  [
    "does violate image constraint",
    422,
    async () => {
      await db().deleteFrom("size_image_constraints").execute();
      return {};
    },
  ],
  ['NotFound no project with id "nobody" found', 404, () => ({ projectid: "other" })],
  ['NotFound no filesystemlayout with id "none" found', 404, () => ({ filesystemlayoutid: undefined })],
];

it("of a machine", async () => {
  await db().updateTable("machines").set({ disks: "erasing" }).execute();
  const request = await tellsInOrder("machine", BROKEN, [
    ["network ids cannot be nil", 400, () => ({ networks: [] })],
    ["network ids cannot be empty", 400, () => ({ networks: [{ networkid: "none", autoacquire: false }] })],
    ['NotFound no image with id "windows-11.0" found', 400, () => ({ imageid: FIREWALL_IMAGE })],
    // A machine has no firewall rules: whatever they are, nobody reads them.
    ["given image is not usable for a machine, features: firewall", 400, () => ({ imageid: IMAGE })],
    ...named("debian"),
    [
      `no machine available: of 1 machine of size ${SIZE} in partition ${PARTITION}: 1 being erased`,
      422,
      async () => {
        const hardware = json({ ...HARDWARE, disks: [{ name: "/dev/vda", size: 1e12 }] });
        await db().updateTable("machines").set({ hardware }).execute();
        await proveErased(db(), id());
        return {};
      },
    ],
    [
      "unable to check for fsl match:device:/dev/sda does not exist on given hardware",
      422,
      async () => {
        await db()
          .updateTable("machines")
          .set({ hardware: json(HARDWARE), disks: "erasing" })
          .execute();
        await proveErased(db(), id());
        return {};
      },
    ],
    ['NotFound no network with id "none" found', 404, () => ({ networks: [{ networkid: UNDERLAY }] })],
    [
      `unable to gather networks:underlay networks are not allowed to be set explicitly: ${UNDERLAY}`,
      422,
      () => ({ networks: [own(), own()] }),
    ],
    [
      "unable to gather networks:given network ids are not unique",
      422,
      () => ({ networks: [{ networkid: INTERNET }] }),
    ],
    [
      "unable to gather networks:no private network given",
      422,
      () => ({ networks: [{ ...own(), autoacquire: false }], ips: ["203.0.113.7"] }),
    ],
    [
      "unable to gather networks:the given private network does not belong to the project, which is not allowed",
      422,
      () => ({ projectid: PROJECT }),
    ],
    ['NotFound no ip with id "203.0.113.7" found', 404, () => ({ networks: [own()], ips: [] })],
  ]);
  const { status } = await tenant.world.call("edit", "POST", "/v1/machine/allocate", request);
  expect(status).toBe(200);
  await tenant.free(id());
});

it("of a firewall, and of a machine by its id", async () => {
  await db().updateTable("releases").set({ finished: new Date() }).execute();
  await proveErased(db(), id());
  await db()
    .updateTable("machines")
    .set({ waiting_until: new Date(Date.now() + 3_600_000) })
    .execute();
  const illegal = { egress: [{ comment: "a;b" }], ingress: [{ protocol: "icmp" }] };
  const request = await tellsInOrder("firewall", { ...BROKEN, networks: [{ networkid: "none", autoacquire: false }] }, [
    ['NotFound no image with id "windows-11.0" found', 400, () => ({ imageid: IMAGE })],
    ["no such protocol: sctp", 400, () => ({ firewall_rules: illegal })],
    [
      "egress rule with error:illegal character in comment",
      400,
      () => ({ firewall_rules: { ingress: illegal.ingress } }),
    ],
    ["no such protocol: icmp", 400, () => ({ firewall_rules: { egress: [RULE] } })],
    ["given image is not usable for a firewall, features: machine", 400, () => ({ imageid: FIREWALL_IMAGE })],
    ...named("firewall-ubuntu").slice(0, 11),
    [
      "when no ip is given at least one auto acquire network must be specified",
      422,
      () => ({ networks: [own()], uuid: "nobody", sizeid: "huge" }),
    ],
    ["uuid given but no machine found with uuid:nobody err:NotFound no machine", 400, () => ({ uuid: id() })],
    // Size and partition are the machine's, whatever the request says.
    ['NotFound no project with id "nobody" found', 404, () => ({ projectid: PROJECT })],
    ['NotFound no filesystemlayout with id "none" found', 404, () => ({ filesystemlayoutid: undefined })],
  ]);
  const { status, body } = await tenant.world.call("edit", "POST", "/v1/firewall/allocate", request);
  expect([status, body]).toMatchObject([200, { id: id(), allocation: { firewall_rules: { egress: [RULE] } } }]);
  expect(await refusal(tenant.world.call("edit", "POST", "/v1/firewall/allocate", request))).toEqual([
    422,
    `machine "${id()}" already allocated`,
  ]);
});
