// The provisioning state machine as a table (reference/machine-lifecycle.md 4.5). The state is not stored:
// it is the newest event of the log, so the table's rows are named by that event.
import { type EventType, PROVISIONING_EVENTS } from "./events.ts";

/** The newest event of the log; a machine without one is Initial. */
export type State = EventType | "Initial";

/** What an event does in a state. */
export interface Cell {
  /**
   * append: into the log. touch: only the time of the last event. unexpected: into the log, marked as an error.
   * unexpected-unlisted: the error is kept, the log is not.
   */
  readonly action: "append" | "touch" | "unexpected" | "unexpected-unlisted";
  /**
   * Whether an event that comes too soon after the last one is dropped, because metal-core sends Phoned Home
   * up to a minute late. after-reclaim counts "never heard" and the exact limit as too soon, buffered does not.
   */
  readonly drop?: "buffered" | "after-reclaim";
  readonly crashLoop?: boolean;
  readonly failedMachineReclaim?: boolean;
  /** Remember the event as the machine's last error. */
  readonly error?: true;
}

const CELLS: Readonly<Record<string, Cell>> = {
  A: { action: "append" },
  "A-fr": { action: "append", failedMachineReclaim: false },
  "A-cl": { action: "append", crashLoop: false },
  crash: { action: "append", crashLoop: true, error: true },
  T: { action: "touch" },
  "T-fr": { action: "touch", failedMachineReclaim: false },
  E: { action: "unexpected" },
  "E!": { action: "unexpected", crashLoop: true },
  Et: { action: "unexpected-unlisted" },
  "N,A": { action: "append", drop: "buffered" },
  "N,A-fr": { action: "append", drop: "buffered", failedMachineReclaim: false },
  "N,T-fr": { action: "touch", drop: "buffered", failedMachineReclaim: false },
  reclaim: { action: "touch", drop: "after-reclaim", failedMachineReclaim: true },
};

/** fr is failed_machine_reclaim, cl is crash_loop; a minus clears them. N drops what comes within five minutes. */
const TABLE = `
state / event      | PXE Booting | Preparing | Registering | Waiting | Installing | Booting New Kernel | Phoned Home | Alive | Crashed | Planned Reboot | Machine Reclaim
Initial            | A-fr        | A-fr      | A           | A       | A          | A                  | A-cl        | T     | crash   | A-cl           | A-cl
PXE Booting        | T-fr        | A-fr      | E           | E       | E          | E                  | N,T-fr      | T     | crash   | A-cl           | A-cl
Preparing          | E!          | E!        | A           | E       | E          | E                  | N,A-fr      | T     | crash   | A-cl           | A-cl
Registering        | E!          | E!        | E           | A       | A          | E                  | N,A         | T     | crash   | A-cl           | A-cl
Waiting            | E!          | E!        | E           | E       | A          | E                  | N,A         | T     | crash   | A-cl           | A-cl
Installing         | E!          | E!        | E           | E       | E          | A                  | E           | T     | crash   | A-cl           | A-cl
Booting New Kernel | E!          | E!        | E           | E       | E          | E                  | A-cl        | T     | crash   | A-cl           | A-cl
Phoned Home        | E!          | E!        | E           | E       | E          | E                  | T           | Et    | E       | A-cl           | A-cl
Planned Reboot     | A-fr        | A-fr      | E           | E       | E          | E                  | A-cl        | Et    | E       | A-cl           | A-cl
Machine Reclaim    | A-fr        | A-fr      | E           | E       | E          | E                  | reclaim     | Et    | E       | A-cl           | A-cl
Crashed            | A-fr        | A-fr      | E           | E       | E          | E                  | E           | Et    | E       | A-cl           | A-cl
Alive              | E!          | E!        | E           | E       | E          | E                  | E           | Et    | E       | A-cl           | A-cl
`;

export const STATES: readonly State[] = ["Initial", ...PROVISIONING_EVENTS];

const [header, ...rows] = TABLE.trim()
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()));

const TRANSITIONS = new Map<string, Cell>(
  rows.flatMap(([state, ...cells]) =>
    cells.map((code, column) => [`${state}|${header![column + 1]}`, CELLS[code]!] as const),
  ),
);

/** The table's answer; every pair has one (a test says so). */
export function transition(state: State, event: EventType): Cell {
  return TRANSITIONS.get(`${state}|${event}`)!;
}

/** States as the original names them in messages; an event Crashed leads to the state Crashing. */
export function stateName(state: State): string {
  return (state === "Crashed" ? "Crashing" : state).toLowerCase();
}
