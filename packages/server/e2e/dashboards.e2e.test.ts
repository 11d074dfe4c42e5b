/** Every panel of every dashboard, asked of a real Prometheus that has read the real server after some traffic. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { DASHBOARDS } from "../../../monitoring/grafana/dashboards.ts";
import { type AlertScene, startAlertScene } from "../test-support/alert-scene.ts";
import { type ChromaServer, startChromaServer } from "../test-support/chroma-server.ts";

/** What Grafana would put in the place of its variables. */
const asAsked = (expression: string): string => expression.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "30s");

let chroma: ChromaServer;
let scene: AlertScene;

beforeAll(async () => {
  chroma = await startChromaServer();
  scene = await startAlertScene({ environment: { CHROMA_URL: chroma.url, LLM_TOKENS_PER_MINUTE: "100000000" } });
  const api = scene.api();
  const ask = (question: string) => api.client("POST", "/chat", { body: { question } });
  await ask("Where does the owl sleep?");
  await ask("Where does the owl sleep?");
  await ask("Which enzyme unwinds the double helix?");
  scene.keepAsking(scene.api, 2);
  // Several readings with more on each than on the one before.
  const grown = 'increase(rag_answers_total{outcome="model"}[30s]) > 10';
  await vi.waitFor(async () => expect(await scene.prometheus.query(grown)).toHaveLength(1), { timeout: 60_000 });
});
afterAll(async () => {
  await scene.end();
  await chroma.remove();
});

describe.each(DASHBOARDS)("the dashboard $name", ({ panels }) => {
  it.each(panels)("shows: $title", async ({ queries, emptyBecause }) => {
    for (const { expression } of queries) {
      const samples = await scene.prometheus.query(asAsked(expression));
      const known = samples.filter(({ value }) => Number.isFinite(value));
      if (emptyBecause === undefined) expect(known, expression).not.toEqual([]);
      else expect(samples, emptyBecause).toEqual([]);
    }
  });
});
