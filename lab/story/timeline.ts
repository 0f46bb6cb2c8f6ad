// What happened to each machine and when: the story that the lab prints while it runs, and the table at its end.

/** One way of one machine: "boot", "allocate", "release". */
interface Chapter {
  readonly machine: string;
  readonly name: string;
  /** Milliseconds since the epoch, as are the times of stages. */
  readonly start: number;
  readonly stages: Map<string, number>;
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
  readonly #chapters: Chapter[] = [];
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** A new way of this machine begins now: times are told from here. */
  begin(machine: string, name: string, start = Date.now()): void {
    this.#chapters.push({ machine, name, start, stages: new Map() });
    this.#print(`${" ".repeat(9)}  ${machine}  ── ${name} ──`);
  }

  /** Tells a stage once in a chapter; repetitions, and late news of the chapter before, are ignored. */
  reached(machine: string, stage: string, time = Date.now()): void {
    const chapter = this.#current(machine);
    if (!chapter || time < chapter.start || chapter.stages.has(stage)) return;
    chapter.stages.set(stage, time);
    this.#tell(chapter, machine, time, stage);
  }

  /** Something worth telling that is no stage. */
  note(machine: string, text: string): void {
    this.#tell(this.#current(machine), machine, Date.now(), text);
  }

  #current(machine: string): Chapter | undefined {
    return this.#chapters.findLast((chapter) => chapter.machine === machine);
  }

  #tell(chapter: Chapter | undefined, machine: string, time: number, text: string): void {
    const at = chapter ? `${((time - chapter.start) / 1000).toFixed(1).padStart(7)} s` : " ".repeat(9);
    this.#print(`${at}  ${machine}  ${text}`);
  }

  /** Stage by stage, in order, for each machine and chapter. */
  chapters(): { machine: string; chapter: string; stages: StageTime[] }[] {
    return this.#chapters.map(({ machine, name, start, stages }) => {
      const sorted = [...stages.entries()].sort(([, a], [, b]) => a - b);
      return {
        machine,
        chapter: name,
        stages: sorted.map(([stage, time], index) => ({
          stage,
          at: seconds(time - start),
          took: seconds(time - (sorted[index - 1]?.[1] ?? start)),
        })),
      };
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
