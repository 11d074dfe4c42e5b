/** What becomes of questions, and where their time goes. */
import type { Dashboard } from "./panel.ts";
import { by, gauge, OURS, quantiles, query, rate, share } from "./queries.ts";

export const retrieval: Dashboard = {
  name: "retrieval",
  title: "retrieval quality and latency",
  panels: [
    {
      title: "Answered",
      about: "Share of questions for which the documents hold an answer. A fall after a change of documents or models is worth a look.",
      unit: "percentunit",
      isNumber: true,
      queries: [query(share(rate("rag_answers_total", `${OURS}, outcome=~"extractive|model"`), rate("rag_answers_total")), "answered")],
    },
    {
      title: "Refused for want of evidence",
      unit: "percentunit",
      isNumber: true,
      queries: [query(share(rate("rag_answers_total", `${OURS}, outcome="refused"`), rate("rag_answers_total")), "refused")],
    },
    {
      title: "Failed",
      unit: "percentunit",
      isNumber: true,
      redFrom: 0.05,
      queries: [query(share(rate("rag_answers_total", `${OURS}, outcome="failed"`), rate("rag_answers_total")), "failed")],
    },
    {
      title: "Answers from the cache",
      unit: "percentunit",
      isNumber: true,
      queries: [query(share(rate("rag_cache_hits_total"), rate("rag_answers_total")), "cached")],
    },
    {
      title: "Citations dropped",
      about: "Quotes that did not match the stored text, in a second. They grow when documents change faster than the index.",
      unit: "short",
      isNumber: true,
      queries: [query(`sum(${rate("rag_citations_dropped_total")})`, "dropped")],
    },
    { title: "Vectors missing", unit: "short", isNumber: true, redFrom: 1, queries: [query(`max(${gauge("rag_vectors_missing")})`, "missing")] },
    { title: "Answers by outcome", unit: "reqps", queries: by("outcome", rate("rag_answers_total")) },
    { title: "Cache hits by kind", unit: "reqps", queries: by("cache", rate("rag_cache_hits_total")) },
    { title: "Time by stage, median", unit: "s", queries: quantiles("rag_stage_duration_seconds", [0.5], OURS, "stage") },
    { title: "Time by stage, 95th percentile", unit: "s", queries: quantiles("rag_stage_duration_seconds", [0.95], OURS, "stage") },
    {
      title: "Where the time goes",
      about: "Seconds of each stage in a second of the server.",
      unit: "short",
      queries: by("stage", rate("rag_stage_duration_seconds_sum")),
    },
    { title: "State of the vectors", unit: "short", queries: by("state", gauge("rag_vectors_state")) },
    { title: "Generation of the vectors", unit: "short", queries: [query(gauge("rag_vectors_generation"), "{{instance}}")] },
    { title: "Files of the last ingestion", unit: "short", queries: by("outcome", gauge("rag_ingestion_last_files")) },
    { title: "Ingestions by their end", unit: "short", queries: by("state", `increase(rag_ingestion_jobs_total{${OURS}}[$__rate_interval])`) },
  ],
};
