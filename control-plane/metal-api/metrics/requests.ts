// How many requests, and how long they took: the original's two metrics (reference/api-resources.md 3.5).
import { type Family, labelText, type LabelValues, type Sample } from "./rules-exposition.ts";

/** Seconds. */
const BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Duration {
  readonly labels: LabelValues;
  readonly buckets: number[];
  sum: number;
  count: number;
}

/** Labels are routes, methods and status codes: a bounded number, whatever strangers ask for. */
export class RequestMetrics {
  readonly #counts = new Map<string, { labels: LabelValues; value: number }>();
  readonly #durations = new Map<string, Duration>();

  observe({
    method,
    route,
    statusCode,
    seconds,
  }: {
    method: string;
    route: string;
    statusCode: number;
    seconds: number;
  }): void {
    const labels = { code: statusCode, method };
    const count = entry(this.#counts, labels, () => ({ labels, value: 0 }));
    count.value += 1;
    const where = { route, method };
    const duration = entry(this.#durations, where, () => ({
      labels: where,
      buckets: BUCKETS.map(() => 0),
      sum: 0,
      count: 0,
    }));
    duration.sum += seconds;
    duration.count += 1;
    for (const [index, bound] of BUCKETS.entries()) if (seconds <= bound) duration.buckets[index]! += 1;
  }

  families(): Family[] {
    const total = "metal_api_requests_total";
    const duration = "metal_api_request_duration_seconds";
    return [
      {
        name: total,
        help: "Answered REST requests",
        type: "counter",
        samples: [...this.#counts.values()].map(({ labels, value }) => ({ name: total, labels, value })),
      },
      {
        name: duration,
        help: "Time from a REST request to its answer",
        type: "histogram",
        samples: [...this.#durations.values()].flatMap((entry) => histogram(duration, entry)),
      },
    ];
  }
}

function entry<T>(map: Map<string, T>, labels: LabelValues, make: () => T): T {
  const key = labelText(labels);
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

function histogram(name: string, { labels, buckets, sum, count }: Duration): Sample[] {
  const bounds = [...BUCKETS.map(String), "+Inf"];
  return [
    ...[...buckets, count].map((value, index) => ({
      name: `${name}_bucket`,
      labels: { ...labels, le: bounds[index]! },
      value,
    })),
    { name: `${name}_sum`, labels, value: sum },
    { name: `${name}_count`, labels, value: count },
  ];
}
