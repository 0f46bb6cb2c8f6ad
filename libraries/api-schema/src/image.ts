import { type Static, Type } from "typebox";
import { BooleanParameter, Described, Expected, Identified, OneOf, Time, Timestamps } from "./base.ts";

const expirationDate = Time("expirationDate of this image");
const settings = {
  features: Type.Optional(Type.Array(Type.String(), { description: "what this image is for: machine, firewall" })),
  classification: Type.Optional(Type.String({ description: "preview, supported or deprecated" })),
  sha256: Type.Optional(
    Type.String({
      pattern: "^[0-9a-fA-F]{64}$",
      description: "of the file at url, hexadecimal; the installer checks it",
    }),
  ),
};
const url = Type.String({ description: "the url of this image" });

export const ImageCreateRequest = Type.Object(
  {
    ...Identified,
    ...Described,
    ...settings,
    url: Type.String({ minLength: 1, description: "the url of this image" }),
    expirationDate: Type.Optional(expirationDate),
  },
  { $id: "v1.ImageCreateRequest" },
);

export const ImageUpdateRequest = Type.Object(
  {
    ...Identified,
    ...Described,
    ...settings,
    url: Type.Optional(url),
    expirationDate: Expected(expirationDate),
    usedby: Type.Optional(Type.Array(Type.String(), { description: "ignored" })),
  },
  { $id: "v1.ImageUpdateRequest" },
);

const query = {
  id: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  os: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  classification: Type.Optional(OneOf(["deprecated", "preview", "supported"], "the classification")),
  features: Type.Optional(Type.Array(Type.String())),
};
export const ImageFindRequest = Type.Object(query, { $id: "v1.ImageFindRequest" });
export type ImageFindRequest = Static<typeof ImageFindRequest>;

export const ImageResponse = Type.Object(
  {
    ...Identified,
    ...Described,
    ...settings,
    url: Type.Optional(url),
    expirationDate,
    usedby: Type.Optional(Type.Array(Type.String(), { description: "machines where this image is in use" })),
    ...Timestamps,
  },
  { $id: "v1.ImageResponse" },
);
export type ImageResponse = Static<typeof ImageResponse>;

export const ShowUsage = Type.Object({
  "show-usage": BooleanParameter("true includes the machines that use each image"),
});
