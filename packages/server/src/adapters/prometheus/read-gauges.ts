/** Metrics whose values are kept elsewhere and looked up when they are read. */
import { Counter, Gauge, type Registry } from "prom-client";

/** Name, help, and where the value is; undefined reads as not known. */
export type ReadMetric = readonly [name: string, help: string, read: () => number | undefined];

export function registerGauges(registry: Registry, metrics: readonly ReadMetric[]): void {
  for (const [name, help, read] of metrics) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read() ?? Number.NaN);
      },
    });
  }
}

export function registerCounts(registry: Registry, metrics: readonly ReadMetric[]): void {
  for (const [name, help, read] of metrics) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read() ?? 0);
      },
    });
  }
}

/** A gauge with a series for each state, of which the present one is 1. */
export function registerState(registry: Registry, name: string, help: string, states: readonly string[], read: () => string): void {
  new Gauge({
    name,
    help,
    labelNames: ["state"],
    registers: [registry],
    collect() {
      const state = read();
      for (const each of states) this.set({ state: each }, Number(each === state));
    },
  });
}
