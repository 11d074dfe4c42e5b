/** The series of HTTP requests: as few as they may be, whatever is asked. */
import { Counter, Histogram, type Registry } from "prom-client";
import type { RequestMetrics } from "../../services.ts";

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** Of method, route and status; there are about a hundred where everybody asks as they should. */
const MAX_COUNTS = 450;
/** Each is a histogram of thirteen series. */
const MAX_DURATIONS = 80;
const OTHER = "other";
const BUCKETS_SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30];

/** @returns what counts a request. Past the bounds requests are counted under `route="other"`; the status stays what it is. */
export function registerRequests(registry: Registry): RequestMetrics["observe"] {
  const registers = [registry];
  const requests = new Counter({
    name: "http_requests_total",
    help: "HTTP requests answered.",
    labelNames: ["method", "route", "status"],
    registers,
  });
  const durations = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time to answer an HTTP request; for a stream, until its head was sent.",
    labelNames: ["route"],
    buckets: BUCKETS_SECONDS,
    registers,
  });
  const countOf = remembered((method: string, route: string, status: number) => requests.labels({ method, route, status }));
  const durationOf = remembered((route: string) => durations.labels({ route }));
  return ({ method, route, status, durationMs }) => {
    const known = METHODS.has(method) ? method : "OTHER";
    (countOf(MAX_COUNTS, known, route, status) ?? requests.labels({ method: "OTHER", route: OTHER, status })).inc();
    (durationOf(MAX_DURATIONS, route) ?? durations.labels({ route: OTHER })).observe(durationMs / 1000);
  };
}

/** Looks a series up once: to find it by its labels costs several times as much as to count in it. Undefined for a new one past the bound. */
function remembered<Labels extends readonly unknown[], Series>(
  find: (...labels: Labels) => Series,
): (max: number, ...labels: Labels) => Series | undefined {
  const known = new Map<string, Series>();
  return (max, ...labels) => {
    const key = labels.join(" ");
    const series = known.get(key);
    if (series !== undefined || known.size >= max) return series;
    const made = find(...labels);
    known.set(key, made);
    return made;
  };
}
