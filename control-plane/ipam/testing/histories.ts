// Random histories of calls. Each has few prefixes and few addresses, so that the calls meet.
import * as fc from "fast-check";
import type { Call } from "./peer.ts";

interface World {
  readonly roots: readonly string[];
  readonly children: readonly string[];
  readonly lengths: readonly number[];
  readonly ips: readonly string[];
}

const WORLDS: readonly World[] = [
  {
    roots: ["10.0.0.0/29"],
    children: ["10.0.0.0/30"],
    lengths: [30],
    ips: ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.5", "10.0.0.6", "10.0.0.7", "::ffff:10.0.0.1"],
  },
  {
    roots: ["2001:db8::/125"],
    children: ["2001:db8::/126"],
    lengths: [126],
    ips: ["2001:db8::", "2001:db8::1", "2001:DB8:0:0::2", "2001:db8::3", "2001:db8::6", "2001:db8::7", "2001:db8::8"],
  },
  {
    roots: ["10.0.0.0/23"],
    children: [
      "10.0.0.0/24",
      "10.0.1.0/24",
      "10.0.0.0/25",
      "10.0.0.128/25",
      "10.0.0.0/26",
      "10.0.0.64/26",
      "10.0.1.0/26",
    ],
    lengths: [24, 25, 26, 26, 27, 30, 31, 32],
    ips: ["10.0.0.1", "10.0.0.65", "10.0.1.1"],
  },
  {
    roots: ["2001:db8::/61"],
    children: ["2001:db8::/62", "2001:db8:0:4::/62", "2001:db8::/63", "2001:db8::/64", "2001:db8:0:1::/64"],
    lengths: [62, 63, 64, 64, 65, 127, 128],
    ips: ["2001:db8::1", "2001:db8:0:1::1"],
  },
  {
    roots: ["10.0.4.0/31", "10.0.5.1/32", "2001:db8:1::/127", "2001:db8:2::/128"],
    children: ["10.0.4.0/32", "2001:db8:1::1/128"],
    lengths: [32, 128],
    ips: ["10.0.4.0", "10.0.4.1", "10.0.5.1", "2001:db8:1::", "2001:db8:1::1", "2001:db8:2::"],
  },
];

const NONSENSE = [
  "nonsense",
  "10.0.0.0",
  "10.0.0.0/33",
  "10.0.0.0/029",
  "2001:db8::/129",
  "10.0.0.300/24",
  "fe80::%1/64",
  "",
];
const STRANGE_LENGTHS = [0, 1, 33, 129, 4_294_967_295];

export interface History {
  readonly calls: readonly Call[];
  /** All prefixes that there may be. */
  readonly cidrs: readonly string[];
}

export const histories: fc.Arbitrary<History> = fc.constantFrom(...WORLDS).chain((world) => {
  const mostly = <T>(usual: readonly T[], strange: readonly T[]) =>
    fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...usual) },
      { weight: 1, arbitrary: fc.constantFrom(...strange) },
    );
  const cidrs = [...world.roots, ...world.children];
  const cidr = mostly(cidrs, NONSENSE);
  const parent = fc.oneof({ weight: 2, arbitrary: mostly(world.roots, NONSENSE) }, { weight: 1, arbitrary: cidr });
  const ip = mostly(world.ips, ["ten", "10.9.9.9", "2001:db8:9::9", "10.0.0.01"]);
  const call = <const Name extends string, Fields>(
    weight: number,
    call: Name,
    fields: { [K in keyof Fields]: fc.Arbitrary<Fields[K]> },
  ) => ({
    weight,
    arbitrary: fc.record({ call: fc.constant(call), ...fields }) as fc.Arbitrary<unknown> as fc.Arbitrary<Call>,
  });
  const steps = fc.array(
    fc.oneof(
      call(1, "create", { cidr }),
      call(1, "get", { cidr }),
      call(1, "delete", { cidr }),
      call(4, "release-child", { cidr }),
      call(4, "child", { of: parent, length: mostly(world.lengths, STRANGE_LENGTHS) }),
      call(3, "specific-child", { of: parent, cidr: mostly(world.children, NONSENSE) }),
      call(6, "acquire", { in: parent }),
      call(3, "acquire", { in: parent, ip }),
      call(5, "release", { in: parent, ip }),
      call(2, "usage", { of: cidr }),
    ),
    { minLength: 10, maxLength: 60 },
  );
  return steps.map((calls) => ({
    calls: [...world.roots.map((root): Call => ({ call: "create", cidr: root })), ...calls],
    cidrs,
  }));
});
