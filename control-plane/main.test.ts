// The control plane as an operator starts it: one command, one folder, and everything is there.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Client, createClient } from "@metal-stack/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const MAIN = new URL("./main.ts", import.meta.url).pathname;
/** Node's share of what the whole control plane may take when idle. */
const MAX_RSS_MB = 250;

let folder: string;
let controlPlane: ControlPlane;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "metal-control-plane-"));
  chmodSync(folder, 0o755);
  controlPlane = await start();
});
afterAll(async () => {
  await stop(controlPlane);
  rmSync(folder, { recursive: true });
});

interface ControlPlane {
  readonly child: ChildProcess;
  readonly port: number;
  readonly api: Client;
}

async function start(env: Record<string, string> = {}): Promise<ControlPlane> {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env["PATH"],
      METAL_API_PORT: "0",
      METAL_API_METRICS_PORT: "0",
      METAL_API_BASE_PATH: "/metal/",
      METAL_API_EMBEDDED_POSTGRES_DIR: join(folder, "postgres"),
      METAL_API_HMAC_VIEW_KEY: "key-of-the-viewers",
      METAL_API_HMAC_EDIT_KEY: "key-of-the-editors",
      METAL_API_HMAC_ADMIN_KEY: "key-of-the-admins",
      ...env,
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the control plane ended with ${code}`)));
    createInterface(child.stdout).on("line", (line) => {
      const entry = JSON.parse(line) as { msg: string; port?: number };
      if (entry.msg === "serving REST") resolve(entry.port!);
    });
  });
  const url = `http://127.0.0.1:${port}/metal`;
  return { child, port, api: createClient({ url, hmac: { type: "Metal-Admin", key: "key-of-the-admins" } }) };
}

async function stop({ child }: ControlPlane): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const exited = once(child, "exit") as Promise<[number | null]>;
  child.kill("SIGTERM");
  return (await exited)[0];
}

interface Entity {
  meta: { id: string; version?: number };
}

describe("the control plane in one process", () => {
  it("is healthy with all its parts", async () => {
    expect(await controlPlane.api.get("/v1/health")).toMatchObject({
      status: "healthy",
      services: { postgresql: { status: "healthy" }, "masterdata-api": { status: "healthy" } },
    });
  });

  it("keeps tenants and their projects", async () => {
    const { api } = controlPlane;
    const tenant = { meta: { id: "acme" }, name: "Acme", default_quotas: { machine: { quota: 3 } } };
    expect(await api.put("/v1/tenant", tenant)).toMatchObject({
      ...tenant,
      meta: { id: "acme", kind: "Tenant", apiversion: "v1", created_time: expect.stringMatching(/Z$/) as string },
    });
    const project = await api.put<Entity>("/v1/project", { name: "one", tenant_id: "acme" });
    expect(project).toMatchObject({ name: "one", tenant_id: "acme", quotas: { machine: { quota: 3 } } });
    expect(project.meta).not.toHaveProperty("version");
    const { id } = project.meta;
    expect(await api.get(`/v1/project/${id}`)).toEqual({
      ...project,
      quotas: { machine: { quota: 3, used: 0 }, ip: { used: 0 } },
    });
    expect(await api.get("/v1/project")).toEqual([project]);
    expect(await api.post("/v1/project/find", { tenant_id: "acme", name: "one" })).toEqual([project]);
    expect(await api.post("/v1/project/find", { tenant_id: "nobody" })).toEqual([]);
    expect(await api.post("/v1/tenant/find", { paging: { page: 0, count: 10 } })).toHaveLength(1);

    const updated = await api.post<Entity>("/v1/project", { meta: { id }, name: "two", tenant_id: "acme" });
    expect(updated).toMatchObject({ name: "two", meta: { id, version: 1 } });
    await expect(api.post("/v1/project", { meta: { id }, name: "late" })).rejects.toMatchObject({ status: 422 });

    await expect(api.delete("/v1/tenant/acme")).rejects.toMatchObject({
      status: 422,
      message: `there are still projects allocated by this tenant: 1 projects (two ${id})`,
    });
    expect(await api.delete(`/v1/project/${id}`)).toEqual({ meta: { id } });
    expect(await api.delete("/v1/tenant/acme")).toMatchObject({ meta: { id: "acme" } });
  });

  it("refuses what cannot be, with the status that clients act on", async () => {
    const { api } = controlPlane;
    await api.put("/v1/tenant", {
      meta: { id: "busy" },
      name: "busy",
      iam_config: { idm_config: { idm_type: "ldap" } },
    });
    const project = { meta: { id: "p" }, name: "p", tenant_id: "busy" };
    await api.put("/v1/project", project);
    const refused = (status: number) => expect.objectContaining({ status }) as Error;
    await expect(api.put("/v1/tenant", { meta: { id: "busy" } })).rejects.toEqual(refused(409));
    await expect(api.put("/v1/project", project)).rejects.toEqual(refused(409));
    await expect(api.put("/v1/project", { name: "x" })).rejects.toMatchObject({
      status: 400,
      message: "no tenant given",
    });
    await expect(api.put("/v1/project", { ...project, meta: { id: "q" }, tenant_id: "nobody" })).rejects.toEqual(
      refused(404),
    );
    await expect(api.post("/v1/project", { name: "x" })).rejects.toEqual(refused(400));
    await expect(api.post("/v1/project", { ...project, tenant_id: "other" })).rejects.toEqual(refused(422));
    await expect(api.get("/v1/project/nobody")).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining("rpc error: code = NotFound desc = ") as string,
    });
    await expect(api.delete("/v1/tenant/nobody")).rejects.toEqual(refused(404));
  });

  it("counts versions, keeps when a thing was made, and gives new projects their tenant's quotas", async () => {
    const { api } = controlPlane;
    const bad = (meta: object) => api.put("/v1/tenant", { meta: { id: "wrong", ...meta } });
    for (const meta of [{ kind: "Project" }, { apiversion: "v2" }])
      await expect(bad(meta)).rejects.toMatchObject({ status: 422 });
    const quotas = { project: { quota: 2 } };
    const defaults = { machine: { quota: 3, used: 7 }, ip: { quota: null } };
    const made = await api.put<Entity>("/v1/tenant", { name: "Versions", quotas, default_quotas: defaults });
    const { id } = made.meta;
    expect(made).toMatchObject({ quotas, default_quotas: { machine: { quota: 3 } } });
    expect(made).not.toHaveProperty("default_quotas.machine.used");
    expect(made).not.toHaveProperty("default_quotas.ip");

    const one = await api.put<Entity>("/v1/project", { tenant_id: id });
    expect(one).toMatchObject({ meta: { kind: "Project", apiversion: "v1" }, quotas: { machine: { quota: 3 } } });
    const two = await api.put<Entity>("/v1/project", { tenant_id: id, quotas: { ip: { quota: 1 } } });
    expect(two).toMatchObject({ quotas: { ip: { quota: 1 } } });
    expect(two).not.toHaveProperty("quotas.machine");
    await expect(api.put("/v1/project", { tenant_id: id })).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining("may have 2 projects and has 2") as string,
    });
    // `apply` goes on with an update, also when the quota is used up.
    await expect(api.put("/v1/project", { ...one, meta: { id: one.meta.id } })).rejects.toMatchObject({ status: 409 });

    // Go clients send the year 1 for times that are not set, and null for the rest.
    const unset = { created_time: "0001-01-01T00:00:00.000Z", updated_time: "0001-01-01T00:00:00.000Z", labels: null };
    const update = (version: number, more: object = {}) =>
      api.post<Entity>("/v1/project", { meta: { id: one.meta.id, version, ...unset, ...more }, tenant_id: id });
    const changed = await update(0, { created_time: "2001-01-01T00:00:00Z", annotations: { a: "b" } });
    const { created_time } = one.meta as { created_time?: string };
    expect(changed.meta).toMatchObject({ version: 1, created_time, annotations: { a: "b" } });
    // All of it is replaced.
    expect(changed).not.toHaveProperty("quotas");
    await expect(update(0)).rejects.toMatchObject({ status: 422 });
    const ahead = await update(7);
    expect(ahead.meta).toMatchObject({ version: 8, created_time });
    expect(ahead).not.toHaveProperty("meta.annotations");
    await expect(api.post("/v1/project", { meta: {}, tenant_id: id })).rejects.toMatchObject({ status: 404 });
    await expect(api.post("/v1/tenant", {})).rejects.toMatchObject({
      status: 400,
      message: "tenant and tenant.meta must be specified",
    });
    for (const { meta } of [one, two]) await api.delete(`/v1/project/${meta.id}`);
    expect(await api.delete(`/v1/tenant/${id}`)).toMatchObject({ meta: { id } });
  });

  it("says who asks, what it is, and how its parts are", async () => {
    const { api } = controlPlane;
    expect(await api.get("/v1/user/me")).toEqual({
      EMail: "metal-admin@metal-stack.io",
      Name: "Metal-Admin",
      Groups: ["k8s_kaas-admin", "maas-all-all-admin"],
      Tenant: "metal-stack",
      Issuer: "",
      Subject: "",
    });
    expect(await api.get("/v1/version")).toMatchObject({
      name: "metal-api",
      version: expect.stringMatching(/^v\d/) as string,
      min_client_version: "v0.0.1",
    });
    expect(await api.get("/v1/health?service=masterdata-api")).toEqual({
      status: "healthy",
      message: "",
      services: { "masterdata-api": { status: "healthy", message: "" } },
    });
    for (const call of [api.get("/v1/firmware"), api.post("/v1/vpn/authkey", { pid: "p", reason: "r" })])
      await expect(call).rejects.toMatchObject({ status: 500, message: "this feature is currently disabled" });
  });

  it("keeps texts as they are, and refuses those that cannot be kept", async () => {
    const { api } = controlPlane;
    const annotations = { "it's": "'; drop table projects; --", "": '"\\', ключ: "☃🏔\u2028", "x' OR '1": "1" };
    const meta = { id: "texts", annotations, labels: ["a'b"] };
    expect(await api.put("/v1/tenant", { meta })).toMatchObject({ meta });
    expect(await api.post("/v1/tenant/find", { annotations })).toHaveLength(1);
    expect(await api.post("/v1/tenant/find", { annotations: { "y' OR '1": "1" } })).toEqual([]);
    const refused = (status: number) => expect.objectContaining({ status }) as Error;
    for (const bad of [{ id: "x\0" }, { id: "x".repeat(513) }, { annotations: { a: "\0" } }, { kind: "Project" }])
      await expect(api.put("/v1/tenant", { meta: bad }), JSON.stringify(bad)).rejects.toEqual(refused(422));
    for (const bad of [{ annotations: { deep: { er: [] } } }, { version: 1.5 }, { labels: "no list" }])
      await expect(api.put("/v1/tenant", { meta: bad }), JSON.stringify(bad)).rejects.toEqual(refused(400));
    await expect(api.put("/v1/tenant", { meta: { annotations: { a: "x".repeat(300_000) } } })).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining("has at most 262144 bytes, this one has 300") as string,
    });
    await expect(api.post("/v1/tenant/find", { paging: { count: 0 } })).rejects.toEqual(refused(422));
    await expect(api.post("/v1/tenant", { meta: { id: "texts", version: -1 } })).rejects.toEqual(refused(422));
    expect(await api.get("/v1/tenant/texts")).toMatchObject({ meta });
    await api.delete("/v1/tenant/texts");
  });

  it("gives out no more addresses than the quota allows, and deletes no project that has some", async () => {
    const { api } = controlPlane;
    await api.put("/v1/tenant", { meta: { id: "limited" }, name: "limited" });
    await api.put("/v1/project", {
      meta: { id: "few" },
      name: "few",
      tenant_id: "limited",
      quotas: { ip: { quota: 3 } },
    });
    await api.put("/v1/network", { id: "outside", prefixes: ["198.51.100.0/24"] });
    const wanted = () => api.post<{ ipaddress: string }>("/v1/ip/allocate", { networkid: "outside", projectid: "few" });
    const answers = await Promise.allSettled(Array.from({ length: 12 }, wanted));
    const ips = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.ipaddress] : []));
    expect(ips).toHaveLength(3);
    await expect(wanted()).rejects.toMatchObject({ status: 422, message: "project quota for ips reached max:3" });
    await expect(api.delete("/v1/project/few")).rejects.toMatchObject({
      status: 400,
      message: `there are still ips allocated by this project: 3 ips (${ips.sort().join(", ")})`,
    });
    for (const ip of ips) await api.delete(`/v1/ip/free/${ip}`);
    const [deleted, taken] = await Promise.allSettled([api.delete("/v1/project/few"), wanted()]);
    expect([deleted.status, taken.status].sort()).toEqual(["fulfilled", "rejected"]);
    if (taken.status === "fulfilled") await api.delete(`/v1/ip/free/${taken.value.ipaddress}`);
    if (deleted.status === "rejected") await api.delete("/v1/project/few");
    await api.delete("/v1/tenant/limited");
    await api.delete("/v1/network/outside");
  });

  it("takes little memory when idle", () => {
    const status = readFileSync(`/proc/${controlPlane.child.pid}/status`, "utf8");
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]);
    expect(kilobytes / 1024).toBeLessThan(MAX_RSS_MB);
  });

  it("ends well when told to, and knows everything when started again", async () => {
    expect(await stop(controlPlane)).toBe(0);
    controlPlane = await start();
    expect(await controlPlane.api.get("/v1/tenant/busy")).toMatchObject({
      name: "busy",
      iam_config: { idm_config: { idm_type: "ldap" } },
    });
  });

  it("does not start with a key that everybody knows", async () => {
    await expect(start({ METAL_API_HMAC_EDIT_KEY: "must-be-changed" })).rejects.toThrow("ended with 2");
  });
});
