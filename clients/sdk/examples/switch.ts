import { client } from "./client.ts";

const switches = await client.switch.list();
console.log(switches.map(({ id }) => id)); // → leaf01

const found = await client.switch.find({ partitionid: "sim", rackid: "rack-1" });
console.log(found.length); // → 2

// What metal-core does on a new leaf.
const place = { partition_id: "sim", rack_id: "rack-2", os: { vendor: "SONiC", version: "202505" } } as const;
const registered = await client.switch.register({
  ...place,
  id: "leaf03",
  nics: [{ mac: "00:00:5e:00:53:03", name: "swp1", identifier: "swp1" }],
});
console.log(registered.nics.length); // → 1
await client.switch.notify("leaf03", { sync_duration: 250_000_000, port_states: { swp1: "UP" } });

const leaf = await client.switch.get("leaf03");
await client.switch.update({ id: leaf.id, rack_id: leaf.rack_id, description: "top of rack 2" });

// A port to a machine that shall be cut off; one without a machine is refused.
const refused = await client.switch
  .togglePort("leaf03", { nic: "swp1", status: "DOWN" })
  .catch((error: Error) => error);
console.log(refused instanceof Error && refused.message);

// The new one takes the machines of the old one, in the same rack.
await client.switch.register({ ...place, id: "leaf04", nics: registered.nics });
await client.switch.migrate({ old_switch_id: "leaf03", new_switch_id: "leaf04" });

for (const id of ["leaf03", "leaf04"]) await client.switch.delete(id, { force: true });
