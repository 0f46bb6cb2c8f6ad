import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { promisify } from "node:util";
import {
  decodeEncapsulated,
  formatIpv4,
  ipv4Value,
  MessageType,
  Option,
  parseLeases,
  readText,
} from "@metal-stack/dhcp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BootNetwork } from "./testing/boot-network.ts";
import type { TestDhcpClient } from "./testing/dhcp-client.ts";
import { startMetalApi } from "./testing/metal-api.ts";

const UUID = "12345678-9abc-def0-1234-56789abcdef0";
let macs = 0;
const newMac = () => `52:54:00:00:01:${(macs += 1).toString(16).padStart(2, "0")}`;

let network: BootNetwork;
let nic: TestDhcpClient | undefined;
const open: TestDhcpClient[] = [];
afterEach(() => {
  for (const client of open.splice(0)) client.close();
  nic = undefined;
});

async function plugIn(mac = newMac(), uuid: string | undefined = UUID, into = network): Promise<TestDhcpClient> {
  nic = await into.client(mac, uuid);
  open.push(nic);
  return nic;
}

const scriptPath = (client: TestDhcpClient, uuid = client.uuid) =>
  `/ipxe?mac=${client.mac}&uuid=${uuid}&arch=x86_64&platform=efi`;

describe("in server mode", () => {
  beforeAll(async () => {
    network = await BootNetwork.start();
  });
  afterAll(() => network.stop());

  describe("DHCP", () => {
    it.each([
      ["bios", "undionly.kpxe", "PXEClient"],
      ["uefi", "snponly.efi", "PXEClient"],
      ["uefiHttp", "http://127.0.0.1:PORT/firmware/snponly.efi", "HTTPClient"],
      ["ipxe", "http://127.0.0.1:PORT/boot.ipxe", undefined],
      ["arm", "", undefined],
    ] as const)("sends %s firmware to %s", async (firmware, bootFile, vendorClass) => {
      const client = await plugIn();
      const { offer, ack } = await client.boot(firmware);
      for (const answer of [offer, ack]) {
        expect(answer.bootFile).toBe(bootFile.replace("PORT", String(network.pixiecore.ports.http)));
        expect(readText(answer.options.get(Option.VENDOR_CLASS))).toBe(vendorClass);
      }
      expect(offer.nextServer).toBe(firmware === "arm" ? "0.0.0.0" : "127.0.0.1");
      expect(ack.yourAddress).toMatch(/^127\.0\.0\.1\d\d$/);
    });

    it("tells PXE firmware to take the boot file of this answer, and iPXE not to wait for a proxy", async () => {
      const { ack } = await (await plugIn()).boot("bios");
      expect(decodeEncapsulated(ack.options.get(Option.VENDOR_SPECIFIC))?.get(6)).toEqual(Uint8Array.of(8));
      expect(readText(ack.options.get(Option.BOOT_FILE_NAME))).toBe("undionly.kpxe");
      nic!.close();
      open.length = 0;
      const { ack: toIpxe } = await (await plugIn()).boot("ipxe");
      expect(decodeEncapsulated(toIpxe.options.get(Option.IPXE))?.get(0xb0)).toEqual(Uint8Array.of(1));
    });

    it("gives an ordinary client an address and nothing to boot", async () => {
      const { ack } = await (await plugIn()).boot(undefined);
      expect(ack).toMatchObject({ bootFile: "", nextServer: "0.0.0.0" });
      expect(ack.options.get(Option.ROUTER)).toEqual(ipv4Value("127.0.0.2"));
      expect(ack.options.get(Option.SUBNET_MASK)).toEqual(ipv4Value("255.0.0.0"));
      expect([...ack.options.get(Option.LEASE_TIME)!]).toEqual([0, 0, 0, 120]);
    });

    it("refuses an address that is not the client's, and stays out of other servers' business", async () => {
      const client = await plugIn();
      const nak = await client.ask(MessageType.REQUEST, "bios", [[Option.REQUESTED_ADDRESS, ipv4Value("10.9.9.9")]]);
      expect(nak.options.get(Option.MESSAGE_TYPE)).toEqual(Uint8Array.of(MessageType.NAK));
      expect(nak).toMatchObject({ yourAddress: "0.0.0.0", bootFile: "" });
      client.send(MessageType.REQUEST, "bios", [
        [Option.REQUESTED_ADDRESS, ipv4Value("127.0.0.105")],
        [Option.SERVER_IDENTIFIER, ipv4Value("127.0.0.77")],
      ]);
      // The next answer is to the next question.
      const offer = await client.ask(MessageType.DISCOVER, "bios");
      expect(offer.options.get(Option.MESSAGE_TYPE)).toEqual(Uint8Array.of(MessageType.OFFER));
    });

    it("survives noise", async () => {
      const socket = createSocket("udp4");
      for (const noise of [Buffer.alloc(0), Buffer.from("hello"), Buffer.alloc(300, 1), Buffer.alloc(60_000, 2)]) {
        socket.send(noise, network.pixiecore.ports.dhcp, "127.0.0.1");
      }
      await (await plugIn()).boot("uefi");
      socket.close();
    });

    it("takes an address back, and lets go of one that somebody else uses", async () => {
      const client = await plugIn();
      const { ack } = await client.boot("uefi");
      const address = ipv4Value(ack.yourAddress);
      const state = () =>
        parseLeases(readFileSync(`${network.folder}/dhcpd.leases`, "utf8")).find(
          (lease) => formatIpv4(lease.address) === ack.yourAddress,
        )?.state;
      const named: [number, Uint8Array][] = [
        [Option.REQUESTED_ADDRESS, address],
        [Option.SERVER_IDENTIFIER, ipv4Value("127.0.0.1")],
      ];
      client.send(MessageType.RELEASE, "uefi", named);
      await expect.poll(state).toBe("released");
      expect((await client.boot("uefi")).ack.yourAddress).toBe(ack.yourAddress);
      client.send(MessageType.DECLINE, "uefi", named);
      await expect.poll(state).toBe("abandoned");
      expect((await client.boot("uefi")).ack.yourAddress).not.toBe(ack.yourAddress);
    });

    it("writes leases where others can read them", async () => {
      const client = await plugIn();
      const { ack } = await client.boot("uefi");
      const leases = parseLeases(readFileSync(`${network.folder}/dhcpd.leases`, "utf8"));
      const lease = leases.find(({ mac }) => mac === client.mac)!;
      expect(formatIpv4(lease.address)).toBe(ack.yourAddress);
      expect(lease).toMatchObject({ state: "active", uuid: UUID });
    });
  });

  describe("metal-api", () => {
    it("hears once of a machine that boots, from a boot server that shows whose it is", async () => {
      const uuid = "aaaaaaaa-0000-0000-0000-00000000000a";
      const client = await plugIn(newMac(), uuid);
      await client.boot("uefi");
      await client.boot("ipxe");
      const heard = () => network.metalApi.dhcpCalls.filter((call) => call.uuid === uuid);
      await expect.poll(heard).toEqual([{ uuid, partitionId: "partition-1" }]);
      expect(network.metalApi.callers).toContain("pixiecore partition-1");
    });

    it("does not delay DHCP when it is slow", async () => {
      const slow = Promise.withResolvers<void>();
      network.metalApi.slow = slow.promise;
      const client = await plugIn(newMac(), "aaaaaaaa-0000-0000-0000-00000000000b");
      await client.boot("uefi");
      await expect.poll(() => network.metalApi.dhcpCalls.at(-1)?.uuid).toBe(client.uuid);
      await client.boot("ipxe");
      slow.resolve();
    });
  });

  describe("the boot script", () => {
    const discovery = (n: number) => ({
      case: "discovery" as const,
      value: { kernelUrl: "vmlinuz", initrdUrls: ["initrd.img"], cmdline: "quiet", ticket: `ticket-${n}` },
    });

    it("is asked for anew each time, with a new ticket, and nobody may keep it", async () => {
      network.metalApi.plan = discovery;
      const client = await plugIn();
      const { ack } = await client.boot("ipxe");
      const first = await network.http(scriptPath(client), ack.yourAddress);
      const second = await network.http(scriptPath(client), ack.yourAddress);
      expect(first.status).toBe(200);
      expect(first.headers["cache-control"]).toBe("no-store");
      const [a, b] = [first, second].map(({ body }) => /metal\.ticket=(\S+)/.exec(body.toString())![1]);
      expect(a).not.toBe(b);
      expect(network.metalApi.planCalls.at(-1)).toEqual({
        machineId: UUID,
        mac: client.mac,
        architecture: "x86_64",
        partitionId: "partition-1",
      });
    });

    it("is for the machine itself, not for a neighbour who knows its uuid or mac", async () => {
      network.metalApi.plan = discovery;
      const victim = await plugIn();
      const { ack } = await victim.boot("ipxe");
      victim.close();
      open.length = 0;
      const neighbour = await plugIn(newMac(), "bbbbbbbb-0000-0000-0000-000000000001");
      const own = (await neighbour.boot("ipxe")).ack.yourAddress;
      const plans = network.metalApi.planCalls.length;
      expect(await network.http(scriptPath(victim), own)).toMatchObject({ status: 403 });
      expect(await network.http(scriptPath(neighbour, victim.uuid), own)).toMatchObject({ status: 403 });
      expect(await network.http(scriptPath(neighbour), ack.yourAddress)).toMatchObject({ status: 403 });
      expect(await network.http("/ipxe?mac=x&uuid=y&arch=z", own)).toMatchObject({ status: 400 });
      expect(network.metalApi.planCalls).toHaveLength(plans);
    });

    it("sends an allocated machine to its disk, as its firmware does that", async () => {
      network.metalApi.plan = () => ({ case: "localDisk", value: { reason: "allocated" } });
      const client = await plugIn();
      const { ack } = await client.boot("ipxe");
      const onBios = await network.http(`/ipxe?mac=${client.mac}&uuid=${UUID}&arch=i386`, ack.yourAddress);
      expect(onBios.body.toString()).toContain("sanboot --no-describe --drive 0x80");
      expect((await network.http(scriptPath(client), ack.yourAddress)).body.toString()).toMatch(/exit 1\n$/);
    });

    it("asks again when the plan cannot be used", async () => {
      network.metalApi.plan = () => undefined;
      const client = await plugIn();
      const { ack } = await client.boot("ipxe");
      const { status, body } = await network.http(scriptPath(client), ack.yourAddress);
      expect(status).toBe(200);
      expect(body.toString()).toContain("the boot plan is not usable");
    });
  });

  describe("while metal-api is away", () => {
    it("machines get addresses and a script that asks again; and go on when it is back", async () => {
      const port = Number(network.metalApi.address.split(":")[1]);
      await network.metalApi.close();
      const client = await plugIn(newMac(), "aaaaaaaa-0000-0000-0000-00000000000c");
      const { ack } = await client.boot("ipxe");
      const away = await network.http(scriptPath(client), ack.yourAddress);
      expect(away.status).toBe(200);
      expect(away.body.toString()).toMatch(/metal-api cannot be reached[^]*sleep 5\nchain --replace/);

      network.metalApi = await startMetalApi(network.certificates, port);
      network.metalApi.plan = () => ({ case: "refuse", value: { reason: "locked" } });
      const script = async () => (await network.http(scriptPath(client), ack.yourAddress)).body.toString();
      await expect.poll(script, { timeout: 15_000 }).toContain("this machine is not booted - locked");
    });
  });

  describe("after a restart", () => {
    it("a machine keeps its address and gets its script without asking DHCP again", async () => {
      network.metalApi.plan = () => ({ case: "localDisk", value: { reason: "allocated" } });
      const client = await plugIn();
      const { ack } = await client.boot("ipxe");
      await network.restartPixiecore();
      expect((await network.http(scriptPath(client), ack.yourAddress)).body.toString()).toContain("booting from disk");
      client.close();
      open.length = 0;
      expect((await (await plugIn(client.mac)).boot("uefi")).ack.yourAddress).toBe(ack.yourAddress);
    });
  });

  describe("files", () => {
    it("come whole, in parts, or as their size only", async () => {
      const whole = await network.http("/files/vmlinuz?as=kernel");
      expect(whole).toMatchObject({ status: 200, headers: { "content-length": "1000" } });
      expect(whole.body).toHaveLength(1_000);
      const part = await network.http("/files/vmlinuz", undefined, { range: "bytes=10-19" });
      expect(part).toMatchObject({ status: 206, headers: { "content-range": "bytes 10-19/1000" } });
      expect(part.body).toEqual(whole.body.subarray(10, 20));
      const head = await network.http("/files/vmlinuz", undefined, {}, "HEAD");
      expect(head).toMatchObject({ status: 200, headers: { "content-length": "1000" }, body: Buffer.alloc(0) });
      const beyond = await network.http("/files/vmlinuz", undefined, { range: "bytes=1000-" });
      expect(beyond).toMatchObject({ status: 416, headers: { "content-range": "bytes */1000" } });
    });

    it.each([
      "/files/none",
      "/files/.hidden",
      "/files/folder",
      "/files/",
      "/files/../dhcpd.leases",
      "/files/..%2fdhcpd.leases",
    ])("%s is not one", async (path) => expect((await network.http(path)).status).toBe(404));
  });

  describe("everybody", () => {
    it("may know what a hammer needs to know: no secret is in it", async () => {
      const { body } = await network.http("/config");
      expect(JSON.parse(body.toString())).toEqual({
        partition: "partition-1",
        grpc_address: "metal-api.lab:50051",
        ca_cert: network.certificates.ca,
        ntp_servers: ["10.0.0.1", "10.0.0.2"],
      });
      expect(body.toString()).not.toContain("PRIVATE");
    });

    it("gets iPXE by TFTP and by HTTP", async () => {
      const program = readFileSync("/usr/lib/ipxe/snponly.efi");
      expect((await network.http("/firmware/snponly.efi")).body.equals(program)).toBe(true);
      const url = `tftp://127.0.0.1:${network.pixiecore.ports.tftp}/snponly.efi`;
      const { stdout } = await promisify(execFile)("curl", ["-sS", "--max-time", "10", url], { encoding: "buffer" });
      expect(stdout.equals(program)).toBe(true);
      expect(await network.http("/firmware/ipxe.efi")).toMatchObject({ status: 404 });
    });

    it("can see that it works", async () => {
      expect((await network.http("/healthz")).body.toString()).toBe("ok\n");
      const metrics = (await network.http("/metrics")).body.toString();
      expect(metrics).toContain('pixiecore_dhcp_packets_total{type="DISCOVER"}');
      expect(metrics).toMatch(/^pixiecore_leases \d+$/m);
    });

    it("is told when a request makes no sense", async () => {
      expect(await network.http("/nothing")).toMatchObject({ status: 404 });
      expect(await network.http("/config", undefined, {}, "POST")).toMatchObject({ status: 405 });
      expect(await network.http(`/ipxe?mac=${"x".repeat(2_000)}`)).toMatchObject({ status: 414 });
      expect(await network.http("/config", undefined, { cookie: "x".repeat(10_000) })).toMatchObject({ status: 431 });
      const socket = connect(network.pixiecore.ports.http, "127.0.0.1");
      socket.end("GARBAGE\r\n\r\n");
      const [answer] = (await once(socket, "data")) as [Buffer];
      expect(answer.toString()).toContain("400 Bad Request");
    });
  });
});

describe("in proxy mode", () => {
  beforeAll(async () => {
    network = await BootNetwork.start({ PIXIECORE_DHCP_MODE: "proxy" });
  });
  afterAll(() => network.stop());

  it.each([
    ["bios", "undionly.kpxe", "PXEClient"],
    ["uefi", "snponly.efi", "PXEClient"],
    ["uefiHttp", "http://127.0.0.1:PORT/firmware/snponly.efi", "HTTPClient"],
    ["ipxe", "http://127.0.0.1:PORT/boot.ipxe", "PXEClient"],
  ] as const)("adds to another server's offer what %s firmware boots", async (firmware, bootFile, vendorClass) => {
    const offer = await (await plugIn()).ask(MessageType.DISCOVER, firmware);
    expect(offer).toMatchObject({
      yourAddress: "0.0.0.0",
      nextServer: "127.0.0.1",
      bootFile: bootFile.replace("PORT", String(network.pixiecore.ports.http)),
    });
    expect(readText(offer.options.get(Option.VENDOR_CLASS))).toBe(vendorClass);
    expect(offer.options.has(Option.LEASE_TIME)).toBe(false);
  });

  it("answers on port 4011, to where the question came from", async () => {
    const client = await plugIn();
    const ack = await client.ask(MessageType.REQUEST, "uefi", [], network.pixiecore.ports.pxe);
    expect(ack.options.get(Option.MESSAGE_TYPE)).toEqual(Uint8Array.of(MessageType.ACK));
    expect(ack).toMatchObject({ yourAddress: "0.0.0.0", bootFile: "snponly.efi" });
  });

  it("leaves ordinary clients and REQUESTs to the other server", async () => {
    const client = await plugIn();
    client.send(MessageType.DISCOVER, undefined);
    client.send(MessageType.REQUEST, "uefi");
    // So the first answer is that to the third question.
    const offer = await client.ask(MessageType.DISCOVER, "uefi");
    expect(offer.options.get(Option.MESSAGE_TYPE)).toEqual(Uint8Array.of(MessageType.OFFER));
  });

  it("gives no script to an address it cannot tie to a machine", async () => {
    const client = await plugIn();
    await client.ask(MessageType.DISCOVER, "ipxe");
    expect(await network.http(scriptPath(client), "127.0.0.100")).toMatchObject({ status: 403 });
    expect(network.metalApi.planCalls).toEqual([]);
  });
});
