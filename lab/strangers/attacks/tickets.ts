// Boot scripts and the tickets in them.
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { askForScript, exchange } from "../machine.ts";
import type { Stage } from "../stage.ts";
import type { Attack } from "./attack.ts";
import { call, strangerAtHome } from "./stranger.ts";

/** Asks in the name of the victim's NIC and machine. */
async function noScriptForVictim({ stranger, victim }: Stage, mac = victim.mac): Promise<void> {
  const script = await askForScript(stranger, mac, victim.uuid);
  assert.equal(script.ticket, undefined, `a script with a ticket: ${script.text}`);
}

const GUESSES = 150;

export const TICKETS: readonly Attack[] = [
  {
    attack: "asks for another machine's boot script by its MAC and UUID",
    tried: "an address of its own, and a request with the victim's MAC and UUID",
    holds: "no script",
    run: async (stage) => {
      await strangerAtHome(stage);
      await noScriptForVictim(stage);
    },
  },
  {
    attack: "names another machine's UUID in DHCP",
    tried: "option 97 with the victim's UUID under its own MAC, then a request for that pair",
    holds: "no ticket: that NIC is none of the machine's, and is not seen at its port",
    run: async (stage) => {
      const { stranger, victim } = stage;
      await strangerAtHome(stage, victim.uuid);
      await noScriptForVictim(stage, stranger.macs[0]);
    },
  },
  {
    attack: "takes another machine's address",
    tried: "the victim's IP address on its own NIC, and a request with the victim's MAC and UUID from there",
    holds: "no script: the address belongs to another MAC",
    run: async (stage) => {
      await strangerAtHome(stage);
      await stage.stranger.useAddress(stage.victim.address);
      await noScriptForVictim(stage);
    },
  },
  {
    attack: "takes another machine's MAC, address and UUID",
    tried: "a perfect copy of the victim on another port, while the victim waits",
    holds: "no answer reaches it: the leaf keeps the MAC at the port of its machine",
    run: async (stage) => {
      const { stranger, victim } = stage;
      try {
        await stranger.useMac(victim.mac);
        await stranger.do("dhcpBoot", { mac: victim.mac, uuid: victim.uuid, tries: 2 });
        await stranger.useAddress(victim.address);
        await noScriptForVictim(stage);
      } finally {
        await stranger.useMac();
      }
    },
  },
  {
    attack: "guesses UUIDs and MACs",
    tried: `${GUESSES} DISCOVERs, and ${GUESSES} requests for scripts, each with another UUID and MAC`,
    holds: "no script, and at most 64 machines more in metal-api",
    run: async (stage) => {
      const { stranger, api, sql } = stage;
      await strangerAtHome(stage);
      for (let n = 0; n < GUESSES; n += 1) {
        const [mac, uuid] = [`02:77:00:00:${hex(n >> 8)}:${hex(n & 255)}`, randomUUID()];
        await stranger.do("dhcpSend", { type: "DISCOVER", mac, uuid });
        assert.equal((await askForScript(stranger, mac, uuid)).status, 403);
      }
      const machines = await api.get<unknown[]>("/v1/machine");
      assert.ok(machines.length <= 2 + 64, `${machines.length} machines`);
      // Ten minutes later they make room for others; the attacks that follow invent machines.
      await sql(`update machines set created = created - interval '11 minutes' where bmc_seen is null`);
    },
  },
  {
    attack: "replays a ticket",
    tried: "the ticket with which the victim has just got its certificate",
    holds: "refused; the victim's certificate stays good",
    run: async ({ stranger, victim, ca }) => {
      const ticket = await victim.fetchTicket();
      await victim.takeIdentity(ticket);
      assert.equal((await exchange(stranger, ca, victim.uuid, ticket)).answer.code, "unauthenticated");
      await victim.work();
    },
  },
  {
    attack: "races for a ticket",
    tried: "eight exchanges of one ticket at once",
    holds: "one certificate, and it is void as soon as the victim boots again",
    run: async (stage) => {
      const { stranger, victim, ca } = stage;
      const ticket = await victim.fetchTicket();
      const tries = await Promise.all(Array.from({ length: 8 }, () => exchange(stranger, ca, victim.uuid, ticket)));
      const won = tries.filter(({ credentials }) => credentials !== undefined);
      assert.equal(won.length, 1);
      await victim.boot();
      const answer = await call(stage, won[0]!.credentials!, "agent.v1.HammerService/Instructions", {
        machineId: victim.uuid,
      });
      assert.equal(answer.code, "unauthenticated");
    },
  },
  {
    attack: "spends another machine's ticket in its own name",
    tried: "the victim's ticket with an invented UUID",
    holds: "no certificate, and the ticket is spent",
    run: async ({ stranger, victim, ca }) => {
      const ticket = await victim.fetchTicket();
      assert.equal((await exchange(stranger, ca, randomUUID(), ticket)).answer.code, "unauthenticated");
      assert.equal((await exchange(stranger, ca, victim.uuid, ticket)).answer.code, "unauthenticated");
    },
  },
  {
    attack: "keeps the ticket of an earlier boot",
    tried: "the ticket before the last",
    holds: "void since the next one was made",
    run: async ({ stranger, victim, ca }) => {
      const old = await victim.fetchTicket();
      const ticket = await victim.fetchTicket();
      assert.equal((await exchange(stranger, ca, victim.uuid, old)).answer.code, "unauthenticated");
      await victim.takeIdentity(ticket);
      await victim.work();
    },
  },
  {
    attack: "comes too late with a ticket",
    tried: "a ticket whose ten minutes are over (its end is moved in the database)",
    holds: "refused",
    run: async ({ stranger, victim, ca, sql }) => {
      const ticket = await victim.fetchTicket();
      await sql(`update tickets set expires = now() - interval '1 second'`);
      assert.equal((await exchange(stranger, ca, victim.uuid, ticket)).answer.code, "unauthenticated");
    },
  },
  {
    attack: "guesses tickets",
    tried: `${GUESSES} random tickets for the victim, and malformed ones`,
    holds: "all refused",
    run: async ({ stranger, victim, ca }) => {
      const guesses = Array.from({ length: GUESSES }, () => randomBytes(32).toString("base64url"));
      for (const ticket of ["", "x".repeat(100_000), "' or 1=1 --", "\0", ...guesses])
        assert.equal((await exchange(stranger, ca, victim.uuid, ticket)).answer.code, "unauthenticated");
    },
  },
  {
    attack: "writes commands into the boot script",
    tried: "line ends, iPXE commands and variables in every parameter of the script's URL",
    holds: "refused, and nothing of it is repeated",
    run: async (stage) => {
      const { stranger, victim } = stage;
      await strangerAtHome(stage);
      for (const evil of ["%0achain%20http://evil/", "${evil}", "%00evil", "evil||shell", "../evil"])
        for (const query of [
          `mac=${evil}&uuid=${victim.uuid}&arch=x86_64`,
          `mac=${victim.mac}&uuid=${evil}&arch=x86_64`,
          `mac=${victim.mac}&uuid=${victim.uuid}&arch=${evil}`,
          `mac=${victim.mac}&uuid=${victim.uuid}&arch=x86_64&platform=${evil}`,
        ]) {
          const answer = await stranger.do("http", { ...stage.bootServer, path: `/ipxe?${query}` });
          assert.ok([400, 403].includes(answer.status), `${query}: ${answer.status}`);
          assert.doesNotMatch(answer.body, /evil/);
        }
    },
  },
];

const hex = (byte: number) => byte.toString(16).padStart(2, "0");
