import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { type Kysely, sql, type Transaction } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  acquireAddress,
  acquireChildPrefix,
  acquireSpecificAddress,
  acquireSpecificChildPrefix,
  createPrefix,
  deletePrefix,
  freeBlocksOf,
  ipamMigrations,
  IpamError,
  releaseAddress,
  releaseChildPrefix,
  usageOf,
} from "./index.ts";

let database: TestDatabase<object>;
let db: Kysely<object>;
beforeAll(async () => {
  database = await testDatabase<object>(ipamMigrations);
  db = database.db;
});
afterAll(() => database.drop());

/** A namespace of its own for every test, so that tests cannot meet. */
let namespaces = 0;
async function namespace(): Promise<string> {
  const name = `test-${++namespaces}`;
  await sql`insert into ipam.namespaces values (${name})`.execute(db);
  return name;
}

function commit<T>(work: (tx: Transaction<object>) => Promise<T>): Promise<T> {
  return db.transaction().execute(work);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  return error instanceof IpamError ? `${error.code}: ${error.message}` : `no error, or another: ${String(error)}`;
}

function freeBlocks(parent: string, ns: string): Promise<string[]> {
  return freeBlocksOf(db, parent, ns);
}

describe("root prefixes", () => {
  test("are stored without host bits and never overlap another one", async () => {
    const ns = await namespace();
    expect(await commit((tx) => createPrefix(tx, "192.169.1.77/24", ns))).toBe("192.169.1.0/24");
    for (const cidr of ["192.169.1.0/24", "192.169.1.128/25", "192.169.0.0/16"])
      expect(await codeOf(commit((tx) => createPrefix(tx, cidr, ns)))).toMatch(
        /^overlap: .* overlaps 192.169.1.0\/24$/,
      );
    await commit((tx) => createPrefix(tx, "192.169.2.0/24", ns));
    await commit((tx) => createPrefix(tx, "2001:db8::/32", ns));
    expect(await codeOf(commit((tx) => createPrefix(tx, "nonsense", ns)))).toMatch(/^invalid/);
  });

  test("of another namespace may be the same", async () => {
    const [one, other] = [await namespace(), await namespace()];
    await commit((tx) => createPrefix(tx, "10.0.0.0/8", one));
    await commit((tx) => createPrefix(tx, "10.0.0.0/8", other));
    expect(await codeOf(commit((tx) => createPrefix(tx, "10.0.0.0/8", "nobody")))).toMatch(/^no-namespace/);
  });

  test("created at the same time do not overlap either", async () => {
    const ns = await namespace();
    const outcomes = await Promise.all(
      ["10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.0.0.0/9", "10.1.1.1/32"].map((cidr) =>
        commit((tx) => createPrefix(tx, cidr, ns)).then(
          () => "created",
          (error: IpamError) => error.code,
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "overlap").length).toBeGreaterThan(0);
    const { rows } = await sql`
      select from ipam.prefixes one join ipam.prefixes other
      on one.namespace = other.namespace and one.cidr && other.cidr and one.cidr <> other.cidr
      where one.namespace = ${ns}`.execute(db);
    expect(rows).toEqual([]);
  });

  test("are deleted only when nothing of them is in use", async () => {
    const ns = await namespace();
    await commit((tx) => createPrefix(tx, "10.0.0.0/24", ns));
    const ip = await commit((tx) => acquireAddress(tx, "10.0.0.0/24", ns));
    expect(await codeOf(commit((tx) => deletePrefix(tx, "10.0.0.0/24", ns)))).toBe(
      "in-use: prefix 10.0.0.0/24 has ips, deletion not possible",
    );
    await commit((tx) => releaseAddress(tx, "10.0.0.0/24", ip, ns));
    const child = await commit((tx) => acquireChildPrefix(tx, "10.0.0.0/24", 26, ns));
    expect(await codeOf(commit((tx) => deletePrefix(tx, "10.0.0.0/24", ns)))).toMatch(/^in-use: .* has childprefixes/);
    await commit((tx) => deletePrefix(tx, child, ns));
    expect(await freeBlocks("10.0.0.0/24", ns)).toEqual(["10.0.0.0/24"]);
    await commit((tx) => deletePrefix(tx, "10.0.0.0/24", ns));
    expect(await codeOf(commit((tx) => deletePrefix(tx, "10.0.0.0/24", ns)))).toMatch(/^not-found/);
  });
});

describe("child prefixes", () => {
  test("come from the smallest block that fits (reference/platform-services.md 1.4)", async () => {
    const ns = await namespace();
    const root = await commit((tx) => createPrefix(tx, "192.168.0.0/20", ns));
    const acquire = (length: number) => commit((tx) => acquireChildPrefix(tx, root, length, ns));
    const left = async () => (await usageOf(db, [root], ns)).get(root)!.availablePrefixes;

    expect(await left()).toBe(1024);
    expect(await acquire(21)).toBe("192.168.0.0/21");
    expect(await left()).toBe(512);
    expect(await acquire(22)).toBe("192.168.8.0/22");
    expect(await left()).toBe(256);
    expect(await codeOf(acquire(21))).toBe(
      "no-prefix-left: no prefix found in 192.168.0.0/20 with length:21, but 192.168.12.0/22 is available",
    );
    await commit((tx) => releaseChildPrefix(tx, "192.168.8.0/22", ns));
    expect(await acquire(28)).toBe("192.168.8.0/28");
    expect(await left()).toBe(508);
    expect(await freeBlocks(root, ns)).toEqual([
      "192.168.8.16/28",
      "192.168.8.32/27",
      "192.168.8.64/26",
      "192.168.8.128/25",
      "192.168.9.0/24",
      "192.168.10.0/23",
      "192.168.12.0/22",
    ]);
    expect(await acquire(22)).toBe("192.168.12.0/22");
  });

  test("can be wanted by name, with host bits or without", async () => {
    const ns = await namespace();
    const root = await commit((tx) => createPrefix(tx, "10.0.0.0/16", ns));
    const acquire = (cidr: string) => commit((tx) => acquireSpecificChildPrefix(tx, root, cidr, ns));
    expect(await acquire("10.0.5.77/24")).toBe("10.0.5.0/24");
    for (const taken of ["10.0.5.0/24", "10.0.5.128/25", "10.0.4.0/23", "10.1.0.0/24"])
      expect(await codeOf(acquire(taken))).toMatch(/^no-prefix-left: specific prefix .* is not available in prefix/);
    expect(await codeOf(acquire("2001:db8::/64"))).toMatch(/^no-prefix-left/);
    expect(await codeOf(acquire("10.0.0.0/16"))).toBe("invalid: given length:16 must be greater than prefix length:16");
    await commit((tx) => releaseChildPrefix(tx, "10.0.5.1/24", ns));
    expect(await freeBlocks(root, ns)).toEqual([root]);
    expect(await codeOf(commit((tx) => releaseChildPrefix(tx, "10.0.5.0/24", ns)))).toMatch(/^not-found/);
    expect(await codeOf(commit((tx) => releaseChildPrefix(tx, root, ns)))).toMatch(/^invalid: .* is no child prefix/);
  });

  test("and addresses exclude each other in one prefix, but only as long as there are any", async () => {
    const ns = await namespace();
    const root = await commit((tx) => createPrefix(tx, "2001:aabb::/48", ns));
    const child = await commit((tx) => acquireChildPrefix(tx, root, 64, ns));
    expect(child).toBe("2001:aabb::/64");
    expect(await codeOf(commit((tx) => acquireAddress(tx, root, ns)))).toBe(
      "in-use: prefix 2001:aabb::/48 has childprefixes, acquire ip not possible",
    );
    const smaller = await commit((tx) => acquireChildPrefix(tx, root, 72, ns));
    expect(smaller).toBe("2001:aabb:0:1::/72");
    expect(await commit((tx) => acquireAddress(tx, smaller, ns))).toBe("2001:aabb:0:1::1");
    expect(await codeOf(commit((tx) => acquireChildPrefix(tx, smaller, 96, ns)))).toBe(
      "in-use: prefix 2001:aabb:0:1::/72 has ips, acquire child prefix not possible",
    );
    expect(await codeOf(commit((tx) => releaseChildPrefix(tx, smaller, ns)))).toMatch(/^in-use: .* has ips/);
    await commit((tx) => releaseAddress(tx, smaller, "2001:aabb:0:1::1", ns));
    await commit((tx) => releaseChildPrefix(tx, smaller, ns));
    await commit((tx) => releaseChildPrefix(tx, child, ns));
    expect(await commit((tx) => acquireAddress(tx, root, ns))).toBe("2001:aabb::1");
  });

  test("nothing at all left is said without a list", async () => {
    const ns = await namespace();
    const root = await commit((tx) => createPrefix(tx, "10.0.0.0/30", ns));
    for (const wanted of [31, 31]) await commit((tx) => acquireChildPrefix(tx, root, wanted, ns));
    expect(await codeOf(commit((tx) => acquireChildPrefix(tx, root, 32, ns)))).toBe(
      "no-prefix-left: no prefix found in 10.0.0.0/30 with length:32",
    );
    expect(await codeOf(commit((tx) => acquireChildPrefix(tx, root, 200, ns)))).toMatch(/^invalid/);
    expect((await usageOf(db, [root], ns)).get(root)).toEqual({
      availableIps: 4,
      usedIps: 2,
      availablePrefixes: 0,
      usedPrefixes: 2,
    });
  });
});

describe("addresses", () => {
  test("are handed out from the lowest on, without network and broadcast address", async () => {
    const ns = await namespace();
    const root = await commit((tx) => createPrefix(tx, "10.0.0.0/29", ns));
    const seen = [];
    for (let index = 0; index < 6; index++) seen.push(await commit((tx) => acquireAddress(tx, root, ns)));
    expect(seen).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]);
    expect(await codeOf(commit((tx) => acquireAddress(tx, root, ns)))).toBe(
      "no-address-left: no more ips in prefix: 10.0.0.0/29 left, length of prefix.ips: 8",
    );
    await commit((tx) => releaseAddress(tx, root, "10.0.0.4", ns));
    await commit((tx) => releaseAddress(tx, root, "10.0.0.2", ns));
    expect(await commit((tx) => acquireAddress(tx, root, ns))).toBe("10.0.0.2");
    expect((await usageOf(db, [root], ns)).get(root)).toMatchObject({ availableIps: 8, usedIps: 7 });
  });

  test("can be wanted by name", async () => {
    const ns = await namespace();
    const root = await commit((tx) => createPrefix(tx, "2001:db8::/64", ns));
    const acquire = (ip: string) => commit((tx) => acquireSpecificAddress(tx, root, ip, ns));
    expect(await acquire("2001:DB8:0:0::2")).toBe("2001:db8::2");
    expect(await codeOf(acquire("2001:db8::2"))).toMatch(/^already-allocated/);
    expect(await codeOf(acquire("2001:db8::"))).toMatch(/^already-allocated/);
    expect(await acquire("2001:db8::ffff:ffff:ffff:ffff")).toBe("2001:db8::ffff:ffff:ffff:ffff");
    expect(await codeOf(acquire("10.0.0.1"))).toBe("invalid: given ip:10.0.0.1 is not in 2001:db8::/64");
    expect(await codeOf(acquire("ten"))).toBe("invalid: given ip:ten in not valid");
    expect(await commit((tx) => acquireAddress(tx, root, ns))).toBe("2001:db8::1");
    expect(await commit((tx) => acquireAddress(tx, root, ns))).toBe("2001:db8::3");
  });

  test("at the very end of the address space work like all others", async () => {
    const ns = await namespace();
    const root = await commit((tx) => createPrefix(tx, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124", ns));
    for (let index = 1; index <= 15; index++) await commit((tx) => acquireAddress(tx, root, ns));
    expect(await codeOf(commit((tx) => acquireAddress(tx, root, ns)))).toMatch(/^no-address-left/);
    for (let index = 15; index >= 1; index--)
      await commit((tx) => releaseAddress(tx, root, `ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff${index.toString(16)}`, ns));
    const { rows } = await sql`select from ipam.free_ranges where namespace = ${ns}`.execute(db);
    expect(rows.length).toBe(0);
  });

  test("given back twice, never taken or reserved are not found, and the transaction goes on", async () => {
    const ns = await namespace();
    const root = await commit((tx) => createPrefix(tx, "10.0.0.0/24", ns));
    await commit(async (tx) => {
      const ip = await acquireAddress(tx, root, ns);
      await releaseAddress(tx, root, ip, ns);
      for (const free of [ip, "10.0.0.0", "10.0.0.255", "10.9.9.9", "nonsense"])
        expect(await codeOf(releaseAddress(tx, root, free, ns))).toMatch(/^not-found: unable to release ip:/);
      expect(await acquireAddress(tx, root, ns)).toBe("10.0.0.1");
    });
  });
});
