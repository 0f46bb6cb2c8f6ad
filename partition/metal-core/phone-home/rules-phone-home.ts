// Which installed machines are heard at our ports, and what of that metal-api has not been told yet
// (reference/partition-services.md 1.9). Anybody on a cable can send LLDP, so everything is bounded per port.

export interface PhoneCall {
  /** Machine uuid, lower case. */
  readonly machine: string;
  /** The system description, as "provisioned since …". */
  readonly message: string;
  readonly port: string;
  /** Milliseconds since 1970. */
  readonly heardAt: number;
}

interface Heard extends PhoneCall {
  /** Not told since it was heard. */
  pending: boolean;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** What an installed machine says of itself; the discovery image says "metal-hammer …". */
const INSTALLED = "provisioned";
/** A cable has one machine; the second place is for the next one, while the first is not forgotten yet. */
const MACHINES_PER_PORT = 2;
/** A machine that is silent for longer gives its place away. (It speaks every 2 s.) */
const FORGOTTEN_MS = 60_000;

export class PhoneCalls {
  /** By port, then machine. */
  readonly #heard = new Map<string, Map<string, Heard>>();
  /** Machine by port; undefined until metal-api has told. */
  #wired: ReadonlyMap<string, string> | undefined;

  /** Takes a neighbour in. True when metal-api should hear of it at once: a new machine, a new port, a new message. */
  hear(port: string, systemName = "", systemDescription = "", heardAt: number): boolean {
    if (!systemDescription.includes(INSTALLED) || !UUID.test(systemName)) return false;
    const machine = systemName.toLowerCase();
    const here = this.#heard.get(port) ?? new Map<string, Heard>();
    this.#heard.set(port, here);
    const known = here.get(machine);
    if (!known && here.size >= MACHINES_PER_PORT && !forgetOne(here, heardAt)) return false;
    here.set(machine, { machine, message: systemDescription, port, heardAt, pending: true });
    return known?.message !== systemDescription;
  }

  /** What metal-api says is plugged in; a call from any other machine's port is not believed, and not told. */
  wire(machines: ReadonlyMap<string, string>): void {
    this.#wired = machines;
  }

  /** What metal-api has not been told: the latest of each machine. */
  untold(): PhoneCall[] {
    const latest = new Map<string, PhoneCall>();
    for (const call of [...this.#heard.values()].flatMap((here) => [...here.values()])) {
      if (this.#wired !== undefined && this.#wired.get(call.port) !== call.machine) continue;
      if (call.pending && call.heardAt >= (latest.get(call.machine)?.heardAt ?? 0)) latest.set(call.machine, call);
    }
    return [...latest.values()];
  }

  /** metal-api knows these; what was heard since stays untold. */
  told(calls: readonly PhoneCall[]): void {
    const until = new Map(calls.map((call) => [call.machine, call.heardAt]));
    for (const call of [...this.#heard.values()].flatMap((here) => [...here.values()])) {
      if (call.heardAt <= (until.get(call.machine) ?? -1)) call.pending = false;
    }
  }

  /** Forgets ports that the switch does not have any more. */
  keepPorts(ports: readonly string[]): void {
    for (const port of this.#heard.keys()) if (!ports.includes(port)) this.#heard.delete(port);
  }
}

function forgetOne(here: Map<string, Heard>, now: number): boolean {
  const oldest = [...here.values()].reduce((left, right) => (left.heardAt <= right.heardAt ? left : right));
  return now - oldest.heardAt > FORGOTTEN_MS && here.delete(oldest.machine);
}
