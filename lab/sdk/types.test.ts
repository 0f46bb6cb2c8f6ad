// The SDK's types come from the API's document, the server's from its schemas. They meet here: tsc says whether what one
// sends the other can read. The SDK is the more precise one: it knows the values that texts may have.
import type * as server from "@metal-stack/api-schema";
import type * as sdk from "@metal-stack/sdk";
import { expectTypeOf, it } from "vitest";

it("what the server answers is what the SDK understands", () => {
  expectTypeOf<sdk.MachineResponse>().toExtend<server.MachineResponse>();
  expectTypeOf<sdk.MachineIPMIResponse>().toExtend<server.MachineIPMIResponse>();
  expectTypeOf<sdk.MachineWhyResponse>().toEqualTypeOf<server.MachineWhyResponse>();
  expectTypeOf<sdk.MachineJob>().toEqualTypeOf<server.MachineJob>();
  expectTypeOf<sdk.NetworkResponse>().toExtend<server.NetworkResponse>();
  expectTypeOf<sdk.IPResponse>().toExtend<server.IPResponse>();
  expectTypeOf<sdk.SizeResponse>().toExtend<server.SizeResponse>();
  expectTypeOf<sdk.ImageResponse>().toExtend<server.ImageResponse>();
  expectTypeOf<sdk.SwitchResponse>().toExtend<server.SwitchResponse>();
  expectTypeOf<sdk.PartitionResponse>().toExtend<server.PartitionResponse>();
});

it("what the SDK sends is what the server reads", () => {
  expectTypeOf<sdk.MachineAllocateRequest>().toEqualTypeOf<server.MachineAllocateRequest>();
  expectTypeOf<sdk.FirewallCreateRequest>().toExtend<server.FirewallCreateRequest>();
  expectTypeOf<sdk.MachineUpdateRequest>().toEqualTypeOf<server.MachineUpdateRequest>();
  expectTypeOf<sdk.MachineFindRequest>().toExtend<server.MachineFindRequest>();
});
