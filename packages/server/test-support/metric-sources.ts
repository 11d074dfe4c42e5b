/** What every gauge is told where a test has no server: everything that can be there is there. */
import type { MetricSources } from "../src/adapters/prometheus/metrics.ts";

export const METRIC_SOURCES: MetricSources = {
  breakerState: () => 0,
  callBudget: () => ({ calls: 28, tokens: 12_000, waiting: 0 }),
  indexedChunks: () => 1_000,
  vectors: () => ({ state: "serving", live: undefined, chunks: 1_000, missing: 0 }),
  feedbackWaiting: () => 0,
  sessions: () => ({ isActive: false, copies: 0, unsaved: 0, moved: 0, lost: 0 }),
  isDatabaseUp: () => true,
  isDatabaseSilent: () => false,
  recordFollower: () => ({ lagMs: 0, takenOver: 0 }),
  redis: () => ({ state: "ready", inFlight: 0, timeouts: 0, connects: 1 }),
  cacheRedisState: () => "ready",
  previousSecrets: () => ({ uses: { API_KEY: 0, SECRET_KEY: 0 }, until: 0 }),
  disk: () => ({ freeBytes: 5e9, sizeBytes: 1e10 }),
  operations: () => ({ lastBackup: 0, lastDrill: 0, rto: undefined, rpo: undefined }),
};
