// To which project a thing belongs.
import { allocationsOf } from "../allocation/store.ts";
import type { Db } from "../database/schema.ts";
import { type ApiError, forbidden, notFound } from "../errors.ts";
import { machineOfTag } from "../ips/rules.ts";
import { ipByAddress } from "../ips/store.ts";
import { isForEverybody } from "../networks/rules.ts";
import { networkById } from "../networks/store.ts";
import { sizeReservationById } from "../size-reservations/store.ts";
import type { Kind } from "./rules-scopes.ts";

interface Owner {
  /** Undefined: no project's. */
  readonly projectId: string | undefined;
  /** Others may see and use it, too. */
  readonly forEverybody?: boolean;
}

interface Owning {
  /** Undefined: the text names no such thing. Throws 404. */
  readonly owner: (db: Db, id: string) => Promise<Owner | undefined>;
  /** What somebody is told to whom it does not exist; the same as when it does not. */
  readonly unknown: (id: string) => ApiError;
}

const ofMachine = async (db: Db, id: string): Promise<Owner> => ({
  projectId: (await allocationsOf(db, [id])).get(id)?.project_id,
});

export const OWNING: Readonly<Record<Kind, Owning>> = {
  machine: { owner: ofMachine, unknown: (id) => notFound("machine", id) },
  // Of a machine that is none the route says the same.
  firewall: { owner: ofMachine, unknown: (id) => notFound("machine", id) },
  "machine tag": {
    owner: async (db, tag) => {
      const id = machineOfTag(tag);
      return id === undefined ? undefined : ofMachine(db, id);
    },
    unknown: (tag) => notFound("machine", machineOfTag(tag) ?? ""),
  },
  ip: {
    owner: async (db, id) => ({ projectId: (await ipByAddress(db, id)).project_id }),
    unknown: (id) => notFound("ip", id),
  },
  network: {
    owner: async (db, id) => {
      const network = await networkById(db, id);
      return { projectId: network.project_id ?? undefined, forEverybody: isForEverybody(network) };
    },
    unknown: (id) => notFound("network", id),
  },
  "size reservation": {
    owner: async (db, id) => ({ projectId: (await sizeReservationById(db, id)).project_id }),
    unknown: (id) => notFound("sizereservation", id),
  },
  // Said before anybody looks whether there is such a project.
  project: {
    owner: async (_, id) => ({ projectId: id }),
    unknown: (id) => forbidden(`you are not a member of project ${id}`),
  },
};
