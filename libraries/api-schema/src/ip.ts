import { type Static, Type } from "typebox";
import { Described, Expected, OneOf, Timestamps } from "./base.ts";

const IpType = OneOf(["ephemeral", "static"], "ephemeral addresses are gone when no machine has them any more");
const Tags = Type.Array(Type.String(), { description: "`key` or `key=value`" });

export const IPResponse = Type.Object(
  {
    ...Described,
    ipaddress: Type.String({ description: "the address, which is its id" }),
    allocationuuid: Type.String({ description: "differs each time the address is allocated" }),
    projectid: Type.String({ description: "the project the address belongs to" }),
    networkid: Type.String({ description: "the network the address is of" }),
    type: IpType,
    tags: Type.Optional(Tags),
    ...Timestamps,
  },
  { $id: "v1.IPResponse" },
);
export type IPResponse = Static<typeof IPResponse>;

export const IPAllocateRequest = Type.Object(
  {
    ...Described,
    networkid: Expected(Type.String()),
    projectid: Expected(Type.String()),
    type: Expected(IpType),
    tags: Type.Optional(Tags),
    machineid: Type.Optional(Type.String({ description: "the machine that has the address" })),
    addressfamily: Type.Optional(OneOf(["IPv4", "IPv6"], "when the network has both")),
  },
  { $id: "v1.IPAllocateRequest" },
);
export type IPAllocateRequest = Static<typeof IPAllocateRequest>;

export const IPUpdateRequest = Type.Object(
  {
    ...Described,
    ipaddress: Type.String({ minLength: 1 }),
    type: Expected(IpType),
    tags: Type.Optional(Tags),
  },
  { $id: "v1.IPUpdateRequest" },
);
export type IPUpdateRequest = Static<typeof IPUpdateRequest>;

export const IPFindRequest = Type.Object(
  {
    ipaddress: Type.Optional(Type.String()),
    allocationuuid: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    projectid: Type.Optional(Type.String()),
    networkid: Type.Optional(Type.String()),
    networkprefix: Type.Optional(Type.String()),
    type: Type.Optional(Type.String()),
    tags: Type.Optional(Tags),
    machineid: Type.Optional(Type.String()),
    addressfamily: Type.Optional(OneOf(["IPv4", "IPv6"], "IPv4 or IPv6, in any case")),
  },
  { $id: "v1.IPFindRequest" },
);
export type IPFindRequest = Static<typeof IPFindRequest>;
