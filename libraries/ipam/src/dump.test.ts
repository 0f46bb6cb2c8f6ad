// A dump tells everything: a namespace filled with it is the same, and goes on in the same way.
import * as fc from "fast-check";
import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  acquireAddress,
  acquireChildPrefix,
  createNamespace,
  createPrefix,
  deleteNamespace,
  dump,
  ipamMigrations,
  IpamError,
  listPrefixes,
  load,
  releaseAddress,
  releaseChildPrefix,
} from "./index.ts";
import { contradictions, stateOf } from "./testing/books.ts";

let database: TestDatabase<object>;
beforeAll(async () => {
  database = await testDatabase<object>(ipamMigrations);
});
afterAll(() => database.drop());

const ignore = (error: unknown) => {
  if (!(error instanceof IpamError)) throw error;
};

let namespaces = 0;
test("of random content", async () => {
  const { db } = database;
  const steps = fc.array(
    fc.tuple(fc.constantFrom("child", "address", "release", "release-child"), fc.nat(63), fc.nat(6)),
    {
      maxLength: 50,
    },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const [one, other] = [`dump-${++namespaces}`, `load-${namespaces}`];
      await createNamespace(db, one);
      await createNamespace(db, other);
      for (const root of ["10.0.0.0/26", "2001:db8::/122"]) await createPrefix(db, root, one);
      for (const [what, n, bits] of steps) {
        const prefixes = await listPrefixes(db, one);
        const { cidr } = prefixes[n % prefixes.length]!;
        const length = (cidr.includes(":") ? 122 : 26) + bits;
        const ip = cidr.includes(":") ? `2001:db8::${n.toString(16)}` : `10.0.0.${n}`;
        if (what === "child") await acquireChildPrefix(db, cidr, length, one).catch(ignore);
        else if (what === "address") await acquireAddress(db, cidr, one).catch(ignore);
        else if (what === "release") await releaseAddress(db, cidr, ip, one).catch(ignore);
        else await releaseChildPrefix(db, cidr, one).catch(ignore);
      }
      const text = await dump(db, one);
      await db.transaction().execute((tx) => load(tx, text, other));
      expect(await stateOf(db, other)).toEqual(await stateOf(db, one));
      expect(await contradictions(db, other)).toEqual([]);
      expect(await dump(db, other)).toBe(text);
      for (const { cidr } of await listPrefixes(db, one)) {
        const next = (namespace: string) => acquireAddress(db, cidr, namespace).catch((error: IpamError) => error.code);
        expect(await next(other)).toBe(await next(one));
      }
    }),
    { numRuns: 25 },
  );
});

test("of a go-ipam that lost a child and an orphan's parent: the lost space is free, the orphan is a root", async () => {
  const { db } = database;
  await createNamespace(db, "leaky");
  const leaky = [
    {
      Cidr: "10.0.0.0/24",
      ParentCidr: "",
      AvailableChildPrefixes: { "10.0.0.0/26": false },
      IsParent: true,
      IPs: { "10.0.0.0": true, "10.0.0.255": true },
    },
    { Cidr: "10.1.0.0/28", ParentCidr: "10.1.0.0/24", IPs: { "10.1.0.0": true, "10.1.0.15": true, "10.1.0.1": true } },
  ];
  await db.transaction().execute((tx) => load(tx, JSON.stringify(leaky), "leaky"));
  expect(await acquireChildPrefix(db, "10.0.0.0/24", 26, "leaky")).toBe("10.0.0.0/26");
  expect(await acquireAddress(db, "10.1.0.0/28", "leaky")).toBe("10.1.0.2");
  await expect(deleteNamespace(db, "leaky")).rejects.toThrow("cannot delete namespace with allocated prefixes");
});
