/** What the metrics tell of the world around the server, looked at beside its work. */
import { randomBytes } from "node:crypto";
import { readDiskSpace } from "../adapters/data-directory/disk-space.ts";
import { type Operations, readOperations } from "../adapters/data-directory/operations-file.ts";
import { createSpanExporter } from "../adapters/otlp/span-exporter.ts";
import type { PostgresStores } from "../adapters/postgres/connection.ts";
import type { MetricSources } from "../adapters/prometheus/metrics.ts";
import type { Config } from "../config.ts";
import { createTracing, type Tracing } from "../tracing/tracing.ts";
import { type WatchedValue, watchValue } from "../watched-value.ts";
import type { OpenedParts } from "./opened-parts.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock, timers } from "./time.ts";

/** A third of the interval at which Prometheus usually reads. */
const LOOK_MS = 5_000;
const MS = 1_000;

/** @param dataDir the data folder, whose disk is the one that must not be full. */
export function openMonitoring(
  dataDir: { readonly path: string; resolve(name: string): string },
  stores: Pick<PostgresStores, "ping">,
  opened: OpenedParts,
  { log }: Pick<Surroundings, "log">,
): Pick<MetricSources, "isDatabaseUp" | "disk" | "operations"> {
  function watch<T>(look: () => Promise<T>, first: T): () => T {
    const watched: WatchedValue<T> = watchValue({ look, first, everyMs: LOOK_MS, timers });
    opened.add(async () => watched.stop());
    return watched.current;
  }
  const operationsFile = dataDir.resolve("operations.json");
  let known: Operations = {};
  let isReadable = true;
  async function lookAtOperations(): Promise<Operations> {
    try {
      known = await readOperations(operationsFile);
      isReadable = true;
    } catch (error) {
      // What was read last stands: without news the alerts on its age come by themselves.
      if (isReadable) log.warn({ err: error, path: operationsFile }, "what backup and drill have noted cannot be read");
      isReadable = false;
    }
    return known;
  }
  const operations = watch(lookAtOperations, known);
  const secondsOf = (iso: string | null | undefined): number => (iso ? Date.parse(iso) / MS : 0);
  return {
    isDatabaseUp: watch<boolean | undefined>(
      () =>
        stores.ping().then(
          () => true,
          () => false,
        ),
      undefined,
    ),
    disk: watch(() => readDiskSpace(dataDir.path), undefined),
    operations() {
      const { lastBackupAt, lastDrillAt, rtoSeconds, rpoSeconds } = operations();
      return { lastBackup: secondsOf(lastBackupAt), lastDrill: secondsOf(lastDrillAt), rto: rtoSeconds ?? undefined, rpo: rpoSeconds ?? undefined };
    },
  };
}

/** Undefined where no collector is configured. */
export function openTracing(config: Config, opened: OpenedParts, { log }: Pick<Surroundings, "log">): Tracing | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers, OTEL_SERVICE_NAME: serviceName } = config;
  if (endpoint === undefined) return undefined;
  const exporter = createSpanExporter({ endpoint, headers, serviceName, fetch, clock, timers, log });
  opened.add(() => exporter.close());
  return createTracing({ send: exporter.send, clock, newId: (bytes) => randomBytes(bytes).toString("hex") });
}
