import { describe, expect, it } from "vitest";
import { createCredentialsScene } from "../../../test-support/credentials-scene.ts";
import { METRIC_SOURCES } from "../../../test-support/metric-sources.ts";
import { createStandInServices } from "../../../test-support/stand-in-services.ts";
import { createApp } from "../../app.ts";
import { createMetrics, type MetricSources, type Metrics } from "./metrics.ts";

const MAX_SERIES = 2_000;
const MAX_SCRAPE_MS = 20;
const STAGES = ["session", "rewrite", "cache", "retrieve", "rerank", "gate", "compose", "generate", "cite", "remember"];
const STATUSES = [200, 201, 202, 204, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 499, 500, 502, 503, 504];

const seriesOf = async (metrics: Metrics): Promise<string[]> =>
  (await metrics.render()).body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
const value = async (metrics: Metrics, series: string): Promise<number> =>
  Number((await seriesOf(metrics)).find((line) => line.startsWith(`${series} `))?.slice(series.length) ?? Number.NaN);

/** The quickest of several readings: what else the machine does is no matter. */
async function scrapeMs(metrics: Metrics): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let reading = 0; reading < 10; reading += 1) {
    const startedAt = performance.now();
    await metrics.render();
    best = Math.min(best, performance.now() - startedAt);
  }
  return best;
}

/** Everything that can be told apart has happened. */
function fill(metrics: Metrics): void {
  for (const stage of STAGES) metrics.stage(stage, 3);
  for (const outcome of ["success", "failed", "timeout", "rate_limited", "circuit_open"] as const) metrics.modelCalled(1, outcome);
  metrics.ingested({ state: "succeeded", counts: { added: 1, changed: 1, removed: 1, unchanged: 1, failed: 1 } });
}

describe("series", () => {
  it(`stay under ${MAX_SERIES}, and a reading under ${MAX_SCRAPE_MS} ms, with 100,000 paths, keys, sessions and methods`, async () => {
    const metrics = createMetrics(METRIC_SOURCES);
    fill(metrics);
    const scene = createCredentialsScene();
    const app = createApp({ ...createStandInServices(scene, "session-1"), metrics });
    const ROUTES = ["/sessions", "/feedback", "/trpc/chat.ask", "/trpc/sessions.get", "/admin/documents", "/ingest", "/health"];
    for (let at = 0; at < 100_000; at += 1) {
      const path = [`/no/such/${at}`, `/sessions/session-${at}`, `/trpc/nothing.${at}`, `${ROUTES[at % ROUTES.length]}?x=${at}`][at % 4] ?? "";
      const method = at % 5 === 0 ? `M${at.toString(36).toUpperCase().replace(/\d/g, "X")}` : ["GET", "POST", "DELETE", "PUT", "PATCH"][at % 5];
      await app.request(path, { method: method ?? "GET", headers: { "x-api-key": `rag_${at}` } }, {});
    }
    expect((await seriesOf(metrics)).length).toBeLessThanOrEqual(MAX_SERIES);
    expect(await scrapeMs(metrics)).toBeLessThanOrEqual(MAX_SCRAPE_MS);
  }, 300_000);

  it("stay so with more routes than there are, and lose no request", async () => {
    const metrics = createMetrics(METRIC_SOURCES);
    fill(metrics);
    for (let route = 0; route < 500; route += 1)
      for (const status of STATUSES)
        for (const method of ["GET", "POST", "TRACE"]) metrics.observe({ method, route: `/r${route}`, status, durationMs: 1 });
    const series = await seriesOf(metrics);
    expect(series.length).toBeLessThanOrEqual(MAX_SERIES);
    const counted = (name: string, has: string): number =>
      series.filter((line) => line.startsWith(`${name}{`) && line.includes(has)).reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    expect(counted("http_requests_total", 'status="503"')).toBe(1_500);
    expect(counted("http_request_duration_seconds_count", "")).toBe(30_000);
    expect(await scrapeMs(metrics)).toBeLessThanOrEqual(MAX_SCRAPE_MS);
  });

  it("of what has not happened yet read 0, and of what is not known nothing that an alert could take for a number", async () => {
    const metrics = createMetrics({ ...METRIC_SOURCES, isDatabaseUp: () => undefined, disk: () => undefined });
    expect(await value(metrics, 'rag_llm_requests_total{outcome="circuit_open"}')).toBe(0);
    expect(await value(metrics, 'rag_ingestion_jobs_total{state="failed"}')).toBe(0);
    for (const name of ["rag_postgres_up", "rag_disk_free_bytes", "rag_drill_rto_seconds"])
      expect((await metrics.render()).body).toContain(`\n${name} Nan\n`);
  });
});

describe("Redis", () => {
  it.each([
    ["ready", 1],
    ["unwritable", 1],
    ["loading", 0],
    ["denied", 0],
    ["away", 0],
  ])("that is %s is up: %i", async (state, up) => {
    const redis: MetricSources["redis"] = () => ({ state, inFlight: 0, timeouts: 0, connects: 0 });
    expect(await value(createMetrics({ ...METRIC_SOURCES, redis }), "rag_redis_up")).toBe(up);
  });
});

it("tells of the last ingestion whether it failed, and what became of its files", async () => {
  const metrics = createMetrics(METRIC_SOURCES);
  const counts = { added: 2, changed: 0, removed: 0, unchanged: 5, failed: 1 };
  metrics.ingested({ state: "running", counts });
  expect(await value(metrics, "rag_ingestion_last_failed")).toBe(0);
  metrics.ingested({ state: "failed", counts });
  expect(await value(metrics, "rag_ingestion_last_failed")).toBe(1);
  metrics.ingested({ state: "succeeded", counts });
  expect(await value(metrics, "rag_ingestion_last_failed")).toBe(0);
  expect(await value(metrics, 'rag_ingestion_last_files{outcome="unchanged"}')).toBe(5);
  expect(await value(metrics, 'rag_ingestion_jobs_total{state="failed"}')).toBe(1);
});

it("counts calls that never reached the model beside those that did", async () => {
  const metrics = createMetrics(METRIC_SOURCES);
  metrics.modelCalled(1, "timeout");
  metrics.modelRefused("circuit_open");
  metrics.modelRefused("budget_spent");
  expect(await value(metrics, 'rag_llm_requests_total{outcome="timeout"}')).toBe(1);
  expect(await value(metrics, 'rag_llm_requests_total{outcome="budget_spent"}')).toBe(1);
  expect(await value(metrics, 'rag_llm_latency_seconds_count{outcome="error"}')).toBe(1);
});
