import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dashboardFiles } from "./dashboard-files.ts";
import { DASHBOARDS } from "./dashboards.ts";
import { toGrafanaDashboard } from "./panel.ts";

const FOLDER = join(import.meta.dirname, "dashboards");
const METRICS = readFileSync(join(import.meta.dirname, "../../docs/monitoring.md"), "utf8");

describe("the files of the dashboards", () => {
  it("are what `npm run dashboards` makes of dashboards.ts, and no others", () => {
    const made = dashboardFiles();
    expect(
      readdirSync(FOLDER)
        .map((name) => join(FOLDER, name))
        .sort(),
    ).toEqual([...made.keys()].sort());
    for (const [path, content] of made) expect(readFileSync(path, "utf8")).toBe(content);
  });
});

describe.each(DASHBOARDS)("the dashboard $name", (dashboard) => {
  const { panels } = toGrafanaDashboard(dashboard);

  it("has panels of their own names, which lie beside each other", () => {
    expect(new Set(dashboard.panels.map(({ title }) => title)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken).not.toContain(`${x} ${y}`);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });

  it("asks of the chosen servers alone, and for metrics that are documented", () => {
    for (const { queries } of dashboard.panels) {
      for (const { expression } of queries) {
        for (const [selector] of expression.matchAll(/\b[a-z]\w+\{[^}]*\}/g)) expect(selector).toContain('job="rag", instance=~"$instance"');
        for (const [name] of expression.matchAll(/\b(rag|http)_\w+/g)) expect(METRICS).toContain(`\`${name.replace(/_(bucket|sum|count)$/, "")}`);
      }
    }
  });
});
