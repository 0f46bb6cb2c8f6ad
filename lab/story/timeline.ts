// What happened to each machine and when: the story that the lab prints while it runs, and the table at its end.

export interface Moment {
  readonly machine: string;
  /** Which way of the machine this belongs to: "boot", "allocate", "release". */
  readonly chapter: string;
  readonly stage: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export interface StageTime {
  readonly stage: string;
  /** Seconds since the chapter began, and since the stage before. */
  readonly at: number;
  readonly took: number;
}

/** Tenths are what is worth telling of a virtual machine. */
const seconds = (milliseconds: number) => Math.round(milliseconds / 100) / 10;

export class Timeline {
  readonly #moments: Moment[] = [];
  readonly #chapters = new Map<string, { name: string; start: number }>();
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** A new way of this machine begins now: times are told from here. */
  begin(machine: string, chapter: string, time = Date.now()): void {
    this.#chapters.set(machine, { name: chapter, start: time });
    this.#print(`${" ".repeat(9)}  ${machine}  ── ${chapter} ──`);
  }

  /** Tells a stage once in a chapter; later repetitions of the same stage are ignored. */
  reached(machine: string, stage: string, time = Date.now()): void {
    const chapter = this.#chapters.get(machine);
    if (!chapter || time < chapter.start) return;
    if (this.#moments.some((m) => m.machine === machine && m.chapter === chapter.name && m.stage === stage)) return;
    this.#moments.push({ machine, chapter: chapter.name, stage, time });
    this.#print(`${((time - chapter.start) / 1000).toFixed(1).padStart(7)} s  ${machine}  ${stage}`);
  }

  /** Something worth telling that is no stage. */
  note(machine: string, text: string): void {
    const chapter = this.#chapters.get(machine);
    const at = chapter ? `${((Date.now() - chapter.start) / 1000).toFixed(1).padStart(7)} s` : " ".repeat(9);
    this.#print(`${at}  ${machine}  ${text}`);
  }

  /** Stage by stage, in order, for each machine and chapter. */
  chapters(): { machine: string; chapter: string; stages: StageTime[] }[] {
    const groups = new Map<string, Moment[]>();
    for (const moment of this.#moments) {
      const key = `${moment.machine}\n${moment.chapter}`;
      groups.set(key, [...(groups.get(key) ?? []), moment]);
    }
    return [...groups.entries()].map(([key, moments]) => {
      const [machine, chapter] = key.split("\n") as [string, string];
      const sorted = [...moments].sort((a, b) => a.time - b.time);
      const start = sorted[0]!.time;
      const stages = sorted.map((moment, index) => ({
        stage: moment.stage,
        at: seconds(moment.time - start),
        took: seconds(moment.time - (sorted[index - 1]?.time ?? start)),
      }));
      return { machine, chapter, stages };
    });
  }

  /** The timeline as a table: a row a stage, a column a machine. */
  table(): string {
    const chapters = this.chapters();
    const machines = [...new Set(chapters.map((entry) => entry.machine))].sort();
    const lines: string[] = [];
    for (const chapter of new Set(chapters.map((entry) => entry.chapter))) {
      const columns = machines.map((machine) =>
        chapters.find((entry) => entry.machine === machine && entry.chapter === chapter),
      );
      const stages = [...new Set(columns.flatMap((column) => column?.stages.map((stage) => stage.stage) ?? []))];
      lines.push("", `${chapter.padEnd(34)}${machines.map((machine) => machine.padStart(18)).join("")}`);
      for (const stage of stages) {
        const cells = columns.map((column) => {
          const found = column?.stages.find((entry) => entry.stage === stage);
          return (found ? `${found.at.toFixed(1)} s (+${found.took.toFixed(1)})` : "").padStart(18);
        });
        lines.push(`  ${stage.padEnd(32)}${cells.join("")}`);
      }
    }
    return lines.join("\n");
  }
}
