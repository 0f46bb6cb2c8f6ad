import { client } from "./client.ts";

const size = await client.size.create({
  id: "large",
  constraints: [
    { type: "cores", min: 32, max: 64 },
    { type: "memory", min: 2 ** 38, max: 2 ** 39 },
  ],
});
console.log(size.constraints.length); // → 2

console.log((await client.size.list()).map(({ id }) => id)); // → large

const { constraints } = await client.size.get("large");
await client.size.update({ id: "large", constraints, description: "for databases" });

// What a size would have to be, so that this machine is of it.
const [machine] = await client.machine.list();
console.log(await client.size.suggest({ machineID: machine!.id })); // → cores

// Machines that only this project gets, however many others ask.
const reservation = await client.size.createReservation({
  id: "black-friday",
  sizeid: "sim-small",
  partitionids: ["sim"],
  projectid: "project-b",
  amount: 1,
});
console.log(reservation.amount); // → 1

console.log((await client.size.listReservations()).length); // → 1
console.log((await client.size.findReservations({ projectid: "project-b" })).length); // → 1
const [usage] = await client.size.reservationsUsage({ sizeid: "sim-small" });
console.log(usage!.amount, usage!.usedamount); // → 1 0

const { amount } = await client.size.getReservation("black-friday");
await client.size.updateReservation({ id: "black-friday", amount: amount + 1 });
await client.size.deleteReservation("black-friday");

await client.size.delete("large");
