/** The files of the dashboards, as they are committed: formatted as everything else is. */
import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { DASHBOARDS } from "./dashboards.ts";
import { toGrafanaDashboard } from "./panel.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Path and content of each. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    DASHBOARDS.map((dashboard) => {
      const path = join(import.meta.dirname, "dashboards", `${dashboard.name}.json`);
      const input = JSON.stringify(toGrafanaDashboard(dashboard), undefined, 2);
      const biome = join(ROOT, "node_modules/.bin/biome");
      return [path, execFileSync(biome, ["format", `--stdin-file-path=${path}`], { input, cwd: ROOT, encoding: "utf8" })] as const;
    }),
  );
}
