/** What the server keeps its data in. */
import type { Dashboard } from "./panel.ts";
import { by, gauge, OURS, query } from "./queries.ts";

export const stores: Dashboard = {
  name: "stores",
  title: "stores",
  panels: [
    { title: "PostgreSQL", about: "1 while it answers.", unit: "short", isNumber: true, queries: [query(`min(${gauge("rag_postgres_up")})`, "up")] },
    { title: "Redis", about: "1 while it answers.", unit: "short", isNumber: true, queries: [query(`min(${gauge("rag_redis_up")})`, "up")] },
    {
      title: "Cached answers",
      about: "1 while the Redis that keeps them answers.",
      unit: "short",
      isNumber: true,
      queries: [query(`min(${gauge("rag_cache_redis_up")})`, "up")],
    },
    {
      title: "Sessions in memory",
      about: "1 while their store is away.",
      unit: "short",
      isNumber: true,
      redFrom: 1,
      queries: [query(`max(${gauge("rag_session_fallback_active")})`, "fallback")],
    },
    { title: "Sessions not stored", unit: "short", isNumber: true, redFrom: 1, queries: [query(`sum(${gauge("rag_sessions_unsaved")})`, "unsaved")] },
    { title: "Sessions lost", unit: "short", isNumber: true, redFrom: 1, queries: [query(`sum(${gauge("rag_sessions_lost_total")})`, "lost")] },
    { title: "Feedback waiting", unit: "short", isNumber: true, redFrom: 1, queries: [query(`sum(${gauge("rag_feedback_waiting")})`, "waiting")] },
    {
      title: "PostgreSQL answers",
      unit: "short",
      queries: [query(gauge("rag_postgres_up"), "up {{instance}}"), query(gauge("rag_postgres_silent"), "silent {{instance}}")],
    },
    {
      title: "Behind other servers",
      about: "How long the oldest change of another server has been waiting, at most; 0 in step.",
      unit: "s",
      queries: [query(gauge("rag_record_lag_seconds"), "{{instance}}")],
    },
    {
      title: "Documents taken over from other servers",
      unit: "short",
      queries: [query(`increase(rag_record_documents_taken_over_total{${OURS}}[$__rate_interval])`, "{{instance}}")],
    },
    { title: "State of Redis", unit: "short", queries: by("state", gauge("rag_redis_state")) },
    { title: "Calls to Redis under way", unit: "short", queries: [query(gauge("rag_redis_commands_inflight"), "{{instance}}")] },
    {
      title: "Redis without an answer, and connections made",
      unit: "short",
      queries: [
        query(`increase(rag_redis_timeouts_total{${OURS}}[$__rate_interval])`, "time-outs {{instance}}"),
        query(`increase(rag_redis_connects_total{${OURS}}[$__rate_interval])`, "connections {{instance}}"),
      ],
    },
    {
      title: "Sessions moved back and lost",
      unit: "short",
      queries: [
        query(gauge("rag_sessions_moved_back_total"), "moved back {{instance}}"),
        query(gauge("rag_sessions_lost_total"), "lost {{instance}}"),
      ],
    },
    { title: "State of the vectors", unit: "short", queries: by("state", gauge("rag_vectors_state")) },
  ],
};
