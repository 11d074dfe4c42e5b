/** Whether the server does its work, and how quickly. */
import type { Dashboard, Panel } from "./panel.ts";
import { ASKED, by, gauge, OURS, quantiles, query, rate, share } from "./queries.ts";

const alerts: Panel = {
  title: "Alerts that fire",
  unit: "short",
  queries: [query(gauge("ALERTS", `${OURS}, alertstate="firing"`), "{{alertname}} {{instance}}")],
  emptyBecause: "no alert fires",
};

export const service: Dashboard = {
  name: "service",
  title: "service",
  panels: [
    { title: "Servers up", unit: "short", isNumber: true, queries: [query(`sum(${gauge("up")})`, "up")] },
    { title: "Requests", unit: "reqps", isNumber: true, queries: [query(`sum(${rate("http_requests_total", ASKED)})`, "requests")] },
    {
      title: "Failing requests",
      about: "Share of status 500 and above. HighErrorRate fires at 5 %.",
      unit: "percentunit",
      isNumber: true,
      redFrom: 0.05,
      queries: [query(share(rate("http_requests_total", `${ASKED}, status=~"5.."`), rate("http_requests_total", ASKED)), "5xx")],
    },
    {
      title: "99th percentile",
      about: "HighLatency fires at 2 s.",
      unit: "s",
      isNumber: true,
      redFrom: 2,
      queries: quantiles("http_request_duration_seconds", [0.99], ASKED),
    },
    { title: "Chunks that can be found", unit: "short", isNumber: true, queries: [query(`max(${gauge("rag_indexed_chunks")})`, "chunks")] },
    { title: "Running since", unit: "s", isNumber: true, queries: [query(`time() - min(${gauge("process_start_time_seconds")})`, "uptime")] },
    alerts,
    { title: "Requests by status", unit: "reqps", queries: by("status", rate("http_requests_total", ASKED)) },
    { title: "Requests by route", unit: "reqps", queries: by("route", rate("http_requests_total", ASKED)) },
    {
      title: "Time to answer",
      about: "Of a stream, to its first word.",
      unit: "s",
      queries: quantiles("http_request_duration_seconds", [0.5, 0.9, 0.99], ASKED),
    },
    { title: "99th percentile by route", unit: "s", queries: quantiles("http_request_duration_seconds", [0.99], ASKED, "route") },
    {
      title: "Event loop lag",
      about: "How long everything waits because one thing computes.",
      unit: "s",
      queries: [
        query(gauge("nodejs_eventloop_lag_p99_seconds"), "p99 {{instance}}"),
        query(gauge("nodejs_eventloop_lag_mean_seconds"), "mean {{instance}}"),
      ],
    },
    { title: "Processor", unit: "percentunit", queries: [query(rate("process_cpu_seconds_total"), "{{instance}}")] },
    {
      title: "Memory",
      unit: "bytes",
      queries: [
        query(gauge("process_resident_memory_bytes"), "resident {{instance}}"),
        query(gauge("nodejs_heap_size_used_bytes"), "heap {{instance}}"),
      ],
    },
    {
      title: "Secrets of before the rotation, in use",
      about: "While there are any, clients are left to change.",
      unit: "reqps",
      queries: by("secret", rate("rag_previous_secret_uses_total")),
    },
    { title: "Open files and connections", unit: "short", queries: [query(gauge("process_open_fds"), "{{instance}}")] },
  ],
};
