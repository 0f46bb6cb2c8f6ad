// Firewalls join the VPN of their project, operators get keys for it, and who left is taken out.
import type { MachineResponse, VPNResponse } from "@metal-stack/api-schema";
import { Environment } from "@metal-stack/service";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Static } from "typebox";
import { allocationRoutes } from "../allocation/routes.ts";
import { installOf } from "../boot/rules-install.ts";
import { installationOf } from "../boot/store.ts";
import { machineRoutes } from "../machines/routes.ts";
import { buildFleet, type Fleet, INTERNET, PARTITION, PROJECT, SIZE } from "../testing/fleet.ts";
import { startHeadscale } from "../testing/headscale-server.ts";
import { TEST_KEYRING } from "../testing/keyring.ts";
import { createWorld, type World } from "../testing/world.ts";
import { SETTINGS } from "../settings.ts";
import { Headscale } from "./headscale.ts";
import { vpnRoutes } from "./routes.ts";
import { headscaleSettings } from "./settings.ts";
import { syncVpn } from "./worker.ts";

type Key = Static<typeof VPNResponse> & { message: string };
const MINUTE_NS = 60e9;
const CONTROL_PLANE = "https://vpn.example.org";

let server: Awaited<ReturnType<typeof startHeadscale>>;
let world: World;
let fleet: Fleet;
let firewall: MachineResponse;

beforeAll(async () => {
  server = await startHeadscale();
  world = await createWorld([vpnRoutes, allocationRoutes, machineRoutes], { env: settings(server.address) });
  fleet = await buildFleet(world.context.db, { machines: 3 });
});
afterAll(async () => {
  await world.close();
  await server.close();
});

const settings = (address: string, apiKey = server.apiKey) => ({
  METAL_API_HEADSCALE_ADDR: address,
  METAL_API_HEADSCALE_CP_ADDR: CONTROL_PLANE,
  METAL_API_HEADSCALE_API_KEY: apiKey,
  METAL_API_PASSWORD_REASON_MINLENGTH: "5",
});
const key = (body: object, from = world) => from.call<Key>("admin", "POST", "/v1/vpn/authkey", body);
const asked = { pid: PROJECT, ephemeral: true, reason: "incident 7" };
const allocate = (role: "machine" | "firewall", from = world, networks = fleet.network.id) =>
  from.call<MachineResponse & { message: string }>("edit", "POST", `/v1/${role}/allocate`, {
    name: role,
    projectid: PROJECT,
    partitionid: PARTITION,
    sizeid: SIZE,
    imageid: role === "firewall" ? "firewall-ubuntu-3.0" : "debian-12.0",
    networks: [{ networkid: networks }, { networkid: INTERNET }],
  });
const shown = async () => (await world.call<MachineResponse>("view", "GET", `/v1/machine/${firewall.id}`)).body;
const sync = () => syncVpn(world.context, new Headscale(world.context.config.headscale!));

describe("a project's VPN", () => {
  it("does not exist before its first firewall", async () => {
    expect(await key(asked)).toMatchObject({
      status: 404,
      body: { message: `vpn user doesn't exist for project with ID ${PROJECT}` },
    });
  });

  it("begins with a firewall, which gets a key for one join within two hours", async () => {
    const { status, body } = await allocate("firewall");
    expect([status, body.message]).toEqual([200, undefined]);
    firewall = body;
    const { vpn } = firewall.allocation!;
    expect(vpn).toEqual({ address: CONTROL_PLANE, auth_key: expect.stringMatching(/^hskey-auth-/), connected: false });
    expect(server.users).toEqual([{ id: "1", name: PROJECT }]);
    expect(server.keys[0]).toMatchObject({ user: "1", reusable: false, ephemeral: false });
    const lifetime = Date.parse(server.keys[0]!.expiration) - Date.now();
    expect(lifetime / 60_000).toBeGreaterThan(110);
    expect(lifetime / 60_000).toBeLessThanOrEqual(120);
    const order = installOf((await installationOf(world.context.db, firewall.id))!, TEST_KEYRING);
    expect(order.vpn).toEqual({ address: CONTROL_PLANE, authKey: vpn!.auth_key });
    // It is nobody's business who only looks, and a dump of the database does not have it.
    expect((await shown()).allocation!.vpn).toEqual({ address: CONTROL_PLANE, auth_key: "", connected: false });
    const rows = await world.context.db.selectFrom("allocations").select("vpn").execute();
    expect(JSON.stringify(rows)).not.toContain(vpn!.auth_key);
    expect((await allocate("machine")).body.allocation).not.toHaveProperty("vpn");
  });

  it("gives keys to operators, for an hour or as long as they ask", async () => {
    const { status, body } = await key(asked);
    expect([status, body]).toEqual([200, { address: CONTROL_PLANE, auth_key: expect.any(String) }]);
    expect((await key({ ...asked, ephemeral: false, expiration: 5 * MINUTE_NS })).status).toBe(200);
    const [hour, minutes] = server.keys.slice(-2);
    expect([hour!.ephemeral, minutes!.ephemeral]).toEqual([true, false]);
    const between = Date.parse(hour!.expiration) - Date.parse(minutes!.expiration);
    expect(Math.round(between / 60_000)).toBe(55);
  });

  it.each([
    ["without a reason", { reason: "x" }, "reason must be at least 5 characters long"],
    ["for no time", { expiration: 0 }, "expiration must be nanoseconds from now on"],
    ["for ever", { expiration: 9e18 }, "expiration must be nanoseconds from now on"],
  ])("refuses keys %s", async (_, change, message) => {
    const { status, body } = await key({ ...asked, ...change });
    expect([status, body.message]).toEqual([400, expect.stringContaining(message)]);
  });

  it("shows who is connected", async () => {
    const user = { id: "1", name: PROJECT };
    server.nodes.push({ id: "11", name: firewall.id, user, online: true });
    server.nodes.push({ id: "12", name: "an-operators-laptop", user, online: true });
    await sync();
    expect((await shown()).allocation!.vpn!.connected).toBe(true);
    server.nodes[0]!.online = false;
    await sync();
    expect((await shown()).allocation!.vpn!.connected).toBe(false);
  });

  it("is left by a machine that is freed, and by nobody else", async () => {
    await world.call("edit", "DELETE", `/v1/machine/${firewall.id}/free`);
    await sync();
    expect(server.nodes.map(({ name }) => name)).toEqual(["an-operators-laptop"]);
  });
});

describe("headscale", () => {
  it("is a feature that can be off, in the original's words", async () => {
    const off = await createWorld([vpnRoutes]);
    const { status, body } = await key(asked, off);
    await off.close();
    expect([status, body.message]).toEqual([500, "this feature is currently disabled"]);
  });

  it("that is away or refuses is named, and leaves no half firewall", async () => {
    for (const [env, message] of [
      [settings("http://127.0.0.1:1"), "headscale does not answer at http://127.0.0.1:1"],
      [settings(server.address, "wrong"), "headscale says 401 Unauthorized"],
    ] as const) {
      const lonely = await createWorld([vpnRoutes, allocationRoutes], { env });
      const own = await buildFleet(lonely.context.db);
      expect(await key(asked, lonely)).toMatchObject({
        status: 500,
        body: { message: expect.stringContaining(message) },
      });
      const refused = await allocate("firewall", lonely, own.network.id);
      expect(refused).toMatchObject({ status: 422, body: { message: expect.stringContaining(message) } });
      expect(await lonely.context.db.selectFrom("allocations").selectAll().execute()).toEqual([]);
      await lonely.close();
    }
  });

  it("makes one user however many ask at once", async () => {
    const headscale = new Headscale(world.context.config.headscale!);
    const ids = await Promise.all(Array.from({ length: 10 }, () => headscale.ensureUser("together")));
    expect(new Set(ids).size).toBe(1);
    await headscale.deleteNode("404");
  });

  it.each([
    [{ HEADSCALE_API_KEY: "k" }, "HEADSCALE_ADDR is not"],
    [{ HEADSCALE_ADDR: "headscale:50443", HEADSCALE_API_KEY: "k" }, "must be the URL of headscale's HTTP API"],
    [{ HEADSCALE_ADDR: "http://headscale:8080" }, "HEADSCALE_API_KEY is not set"],
  ])("settings %j are refused", (variables, message) => {
    const prefixed = Object.fromEntries(Object.entries(variables).map(([name, value]) => [`METAL_API_${name}`, value]));
    expect(() => headscaleSettings(new Environment(SETTINGS, prefixed))).toThrow(message);
  });
});
