import { Type } from "typebox";
import { Expected } from "./base.ts";

export const VPNRequest = Type.Object(
  {
    pid: Expected(Type.String({ maxLength: 300, description: "project ID" })),
    ephemeral: Expected(Type.Boolean({ description: "specifies if auth key should be ephemeral" })),
    expiration: Type.Optional(
      Type.Integer({ format: "int64", description: "nanoseconds that the key is valid for; an hour when absent" }),
    ),
    reason: Expected(
      Type.String({
        description: "reason why the vpn key is requested, typically an incident number with short description",
      }),
    ),
  },
  { $id: "v1.VPNRequest" },
);

export const VPNResponse = Type.Object(
  {
    address: Type.String({ description: "address of VPN's control plane" }),
    auth_key: Type.String({ description: "auth key to connect to the VPN" }),
  },
  { $id: "v1.VPNResponse" },
);
