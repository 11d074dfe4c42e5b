/** Of the routes for whoever watches the server. */
import type { RouteDescriptions } from "../openapi/route-description.ts";

export const HEALTH: RouteDescriptions = {
  "GET /health": {
    operationId: "getHealth",
    tag: "Health",
    summary: "See whether the server is up",
    description: "200 as long as it answers.",
    success: "It is up.",
    responses: {
      healthy: { summary: "Ready", value: { status: "healthy" } },
      starting: { summary: "Not ready yet", value: { status: "starting" } },
    },
  },
  "GET /health/live": {
    operationId: "getLiveness",
    tag: "Health",
    summary: "See whether the process answers",
    description: "For an orchestrator's liveness probe.",
    success: "It answers.",
    responses: { alive: { summary: "Alive", value: { status: "alive" } } },
  },
  "GET /health/ready": {
    operationId: "getReadiness",
    tag: "Health",
    summary: "See whether questions can be answered",
    description: "For an orchestrator's readiness probe, and for a balancer.",
    success: "They can.",
    responses: { ready: { summary: "Ready", value: { status: "ready" } } },
    errors: ["not_ready"],
  },
  "GET /health/detailed": {
    operationId: "getDetailedHealth",
    tag: "Health",
    summary: "See how each component is",
    description: `\`starting\` before the server is ready, \`degraded\` when a component is not healthy, else \`healthy\`; the response is 200 in every case. A check that takes
longer than 2 s counts as \`unhealthy\`.

Adapters, times and details are told to an access token, and to an API key with the operation \`health.details\`; to others a component is its status.`,
    success: "How they are.",
    responses: {
      withCredential: {
        summary: "With a credential",
        value: {
          status: "healthy",
          components: {
            postgres: { status: "healthy", adapter: "pglite", latencyMs: 1.5, detail: "PostgreSQL 18.6" },
            languageModel: { status: "healthy", adapter: "extractive", latencyMs: 0.1, detail: "answers are quotations" },
          },
        },
      },
      without: {
        summary: "Without",
        value: { status: "degraded", components: { postgres: { status: "healthy" }, languageModel: { status: "unhealthy" } } },
      },
    },
    tellsMoreToCallersWithCredential: true,
  },
  "GET /metrics": {
    operationId: "getMetrics",
    tag: "Health",
    summary: "Read the metrics",
    description: "For Prometheus, in its text format.",
    success: "The metrics.",
    texts: {
      "text/plain": "# HELP rag_indexed_chunks Chunks that can be found.\n# TYPE rag_indexed_chunks gauge\nrag_indexed_chunks 47\n",
    },
  },
};
