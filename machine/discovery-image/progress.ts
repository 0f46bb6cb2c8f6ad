/** Tells people what is going on, with the seconds since the start. */
export type Progress = (message: string) => void;

export function progressTo(write: (line: string) => void): Progress {
  const start = performance.now();
  return (message) => write(`[${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s] ${message}\n`);
}
