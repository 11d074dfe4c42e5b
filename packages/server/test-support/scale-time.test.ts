import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scaleTime } from "./scale-time.ts";

const read = (name: string): string => readFileSync(join(import.meta.dirname, "../../../monitoring/prometheus", name), "utf8");

it("changes durations and nothing else", () => {
  expect(scaleTime("for: 5m", 30)).toBe("for: 10000ms");
  expect(scaleTime("rate(x[5m]) > 2 and x offset 15m > 8 * 86400", 60)).toBe("rate(x[5000ms]) > 2 and x offset 15000ms > 8 * 86400");
  const masked = (yaml: string): string => yaml.replace(/\d+(ms|s|m|h)\b/g, "T").replace(/^ *scrape_timeout: .*\n/m, "");
  for (const name of ["alerts.yml", "prometheus.yml"]) expect(masked(scaleTime(read(name), 30))).toBe(masked(read(name)));
});

it("leaves no duration as it was", () => {
  for (const name of ["alerts.yml", "prometheus.yml"]) expect(scaleTime(read(name), 30)).not.toMatch(/(\[|: |offset )\d+[smh]\b/);
});
