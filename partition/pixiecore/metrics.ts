// Counters in Prometheus' text format. Label values come from fixed sets, never from what a stranger sends.

type Labels = Readonly<Record<string, string>>;

const HELP = {
  dhcp_packets_total: "DHCP packets received, by message type",
  tftp_transfers_total: "TFTP transfers ended, by result",
  plans_total: "Boot scripts made, by what they do",
  announcements_total: "Booting machines told to metal-api, by result",
  http_requests_total: "HTTP requests, by route and status",
} as const;

export type CounterName = keyof typeof HELP;

export class Metrics {
  readonly #counters = new Map<CounterName, Map<string, number>>();
  readonly #gauges = new Map<string, { help: string; read: () => number }>();

  count(name: CounterName, labels: Labels): void {
    const series = this.#counters.get(name) ?? new Map<string, number>();
    const key = Object.entries(labels)
      .map(([label, value]) => `${label}="${value}"`)
      .join(",");
    series.set(key, (series.get(key) ?? 0) + 1);
    this.#counters.set(name, series);
  }

  /** A value read when somebody asks. */
  gauge(name: string, help: string, read: () => number): void {
    this.#gauges.set(name, { help, read });
  }

  render(): string {
    const lines: string[] = [];
    for (const [name, series] of this.#counters) {
      lines.push(`# HELP pixiecore_${name} ${HELP[name]}`, `# TYPE pixiecore_${name} counter`);
      for (const [labels, value] of series) lines.push(`pixiecore_${name}{${labels}} ${value}`);
    }
    for (const [name, { help, read }] of this.#gauges) {
      lines.push(`# HELP pixiecore_${name} ${help}`, `# TYPE pixiecore_${name} gauge`, `pixiecore_${name} ${read()}`);
    }
    return `${lines.join("\n")}\n`;
  }
}
