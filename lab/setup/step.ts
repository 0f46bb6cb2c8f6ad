// Long work shows progress: one line a step, with its time; the last word of a running step is rewritten in place.

const interactive = process.stdout.isTTY;

/** The line of the step that runs, as it stands on the terminal; empty between steps. */
let running = "";

/** Prints a line; the line of a running step stays the last on the terminal. */
export function say(line: string): void {
  if (interactive && running) process.stdout.write(`\r\x1b[K${line}\n${running}`);
  else console.log(line);
}

/** Milliseconds as people read them: "0.4 s", "12.3 s", "2 min 05 s". */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
}

/**
 * Runs one step of a set-up and prints its name, what it reports on the way, and how long it took.
 * An error is passed on after the step is marked as failed.
 */
export async function step<T>(name: string, work: (report: (detail: string) => void) => Promise<T>): Promise<T> {
  const started = Date.now();
  const label = name.padEnd(28);
  let last = "";
  const report = (detail: string) => {
    last = detail.replace(/\s+/g, " ").trim().slice(0, 90);
    if (!interactive) return;
    running = `  … ${label} ${last}`;
    process.stdout.write(`\r\x1b[K${running}`);
  };
  report("");
  const end = (mark: string, detail: string) => {
    if (interactive) process.stdout.write("\r\x1b[K");
    running = "";
    console.log(`  ${mark} ${label} ${duration(Date.now() - started).padStart(9)}${detail ? `  ${detail}` : ""}`);
  };
  try {
    const result = await work(report);
    end("✓", last);
    return result;
  } catch (error) {
    end("✗", (error as Error).message.split("\n")[0]!.slice(0, 120));
    throw error;
  }
}
