// What pixiecore serves by HTTP and TFTP.
import assert from "node:assert/strict";
import type { Stage } from "../stage.ts";
import type { TftpAnswer } from "../station/tftp.ts";
import type { Attack } from "./attack.ts";
import { strangerAtHome } from "./stranger.ts";

/** Ways out of a folder, to files that are there: see stage.ts, and the system's own. */
const WAYS_OUT = [
  "../secret",
  "..%2fsecret",
  "%2e%2e/secret",
  "%2e%2e%2fsecret",
  "..%252fsecret",
  "..\\secret",
  "..%5csecret",
  "....//secret",
  "folder/../../secret",
  "/etc/passwd",
  "//etc/passwd",
  "%2fetc%2fpasswd",
  "../../../../../../../../etc/passwd",
  "kernel%00.txt",
  "kernel/../../secret",
  ".hidden",
  "link",
  ".",
  "",
];
const SECRETS = /outside of the folder|root:.*:0:0:|hidden/;

const OPCODE = { RRQ: 1, WRQ: 2 } as const;
const rrq = (path: string, ...options: string[]) =>
  `\0${String.fromCharCode(OPCODE.RRQ)}${[path, "octet", ...options].join("\0")}\0`;

async function tftp({ stranger, bootServer }: Stage, request: string, forMs: number): Promise<TftpAnswer> {
  return stranger.do("tftpAsk", { host: bootServer.host, request, forMs });
}

export const BOOT_SERVER: readonly Attack[] = [
  {
    attack: "climbs out of the boot server's folders by HTTP",
    tried: `${WAYS_OUT.length} ways out of /files/ and /firmware/: dots, encodings, NUL, absolute paths, a symbolic link`,
    holds: "nothing but what the folder itself holds",
    run: async (stage) => {
      await strangerAtHome(stage);
      for (const prefix of ["/files/", "/firmware/", "/", "http://10.255.0.1:4242/files/"])
        for (const way of WAYS_OUT) {
          const answer = await stage.stranger.do("http", { ...stage.bootServer, path: `${prefix}${way}` });
          assert.doesNotMatch(answer.body, SECRETS, `${prefix}${way}`);
          assert.ok(answer.status >= 400, `${prefix}${way}: ${answer.status}`);
        }
    },
  },
  {
    attack: "climbs out of the boot server's folders by TFTP",
    tried: "the same ways, and the files of the HTTP server",
    holds: "an error and no byte of a file",
    run: async (stage) => {
      await strangerAtHome(stage);
      for (const way of [...WAYS_OUT.filter(Boolean), "kernel", "\0", "a".repeat(600)]) {
        const answer = await tftp(stage, rrq(way), 300);
        assert.ok([0, 5].includes(answer.opcode), `${way}: opcode ${answer.opcode}`);
        assert.doesNotMatch(answer.text, SECRETS);
      }
    },
  },
  {
    attack: "writes to the boot server",
    tried: "a TFTP write request; PUT, POST, DELETE, PATCH, TRACE and CONNECT by HTTP",
    holds: "refused",
    run: async (stage) => {
      await strangerAtHome(stage);
      const written = await tftp(stage, `\0${String.fromCharCode(OPCODE.WRQ)}kernel\0octet\0`, 1_000);
      assert.equal(written.opcode, 5);
      for (const method of ["PUT", "POST", "DELETE", "PATCH", "TRACE", "CONNECT"]) {
        const answer = await stage.stranger.do("http", {
          ...stage.bootServer,
          method,
          path: "/files/kernel",
          timeoutMs: 1_000,
        });
        assert.ok([0, 400, 405].includes(answer.status), `${method}: ${answer.status}`);
      }
      const { body } = await stage.stranger.do("http", { ...stage.bootServer, path: "/files/kernel" });
      assert.equal(body, "a kernel");
    },
  },
  {
    attack: "asks in the largest words",
    tried: "headers of 1 MB, an URL of 60 kB, ten thousand headers, a request that is none",
    holds: "refused or cut",
    run: async (stage) => {
      await strangerAtHome(stage);
      const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`x-${n}`, "y"]));
      for (const request of [
        { path: "/boot.ipxe", headers: { "x-large": "y".repeat(1_000_000) } },
        { path: `/files/${"a".repeat(60_000)}` },
        { path: "/boot.ipxe", headers: many },
        { path: "/boot.ipxe HTTP/9.9\r\n\r\n" },
      ]) {
        const answer = await stage.stranger.do("http", { ...stage.bootServer, ...request });
        assert.ok(answer.status === 0 || answer.status >= 400, `${answer.status}`);
      }
    },
  },
  {
    attack: "holds the boot server's connections",
    tried: "600 connections that send half a request and then nothing (slow loris)",
    holds: "32 a client, so that the victim boots meanwhile",
    run: async (stage) => {
      await strangerAtHome(stage);
      const { stranger, victim, bootServer } = stage;
      await stranger.do("tcpHold", { ...bootServer, count: 600, start: "GET /boot.ipxe HTTP/1.1\r\nx-slow: " });
      await new Promise((resolve) => setTimeout(resolve, 300));
      const held = await stranger.do("tcpHeld", undefined);
      assert.ok(held <= 32, `${held} connections are held`);
      await victim.boot();
      await stranger.do("tcpRelease", undefined);
    },
  },
  {
    attack: "reads what the boot server tells of itself",
    tried: "/config, /healthz, /metrics and /boot.ipxe",
    holds: "no ticket, no key, no MAC and no UUID of anybody",
    run: async (stage) => {
      await strangerAtHome(stage);
      for (const path of ["/config", "/healthz", "/metrics", "/boot.ipxe", "/", "/ipxe"]) {
        const { body } = await stage.stranger.do("http", { ...stage.bootServer, path });
        assert.doesNotMatch(body, /PRIVATE KEY|metal\.ticket=|([0-9a-f]{2}:){5}|[0-9a-f]{8}-[0-9a-f]{4}-/, path);
        for (const secret of Object.values(stage.credentials.hmac)) assert.ok(!body.includes(secret));
      }
    },
  },
  {
    attack: "makes the TFTP server send much for little",
    tried:
      "blocks of 65464 bytes, windows of 65535 blocks, and no acknowledgement (a forged sender would not give one)",
    holds: "less than 2 kB until the first acknowledgement",
    run: async (stage) => {
      await strangerAtHome(stage);
      for (const request of [
        rrq("snponly.efi", "blksize", "65464", "windowsize", "65535", "tsize", "0"),
        rrq("snponly.efi", "windowsize", "65535", "timeout", "1"),
        rrq("snponly.efi"),
      ]) {
        const answer = await tftp(stage, request, 2_500);
        assert.ok(answer.packets > 0 && answer.bytes < 2_048, `${answer.packets} packets, ${answer.bytes} bytes`);
      }
    },
  },
  {
    attack: "holds all TFTP transfers",
    tried:
      "more transfers than the server makes at a time, from twelve addresses, with a timeout of 255 s and no acknowledgement",
    holds: "they give way: the victim gets its program",
    run: async (stage) => {
      await strangerAtHome(stage);
      const { stranger, victim, bootServer } = stage;
      const request = rrq("snponly.efi", "timeout", "255", "tsize", "0");
      for (let n = 0; n < 12; n += 1) {
        await stranger.useAddress(`10.255.0.${200 + n}`);
        await stranger.do("tftpHold", { host: bootServer.host, request, count: 10 });
      }
      const answer = await victim.station.do("tftpAsk", {
        host: bootServer.host,
        request: rrq("snponly.efi", "tsize", "0"),
        forMs: 2_000,
      });
      assert.equal(answer.opcode, 6, "the victim's transfer begins");
    },
  },
];
