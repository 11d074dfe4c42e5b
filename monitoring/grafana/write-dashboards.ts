/**
 * Writes the dashboards anew after a change of `dashboards.ts`.
 *
 * Usage: npm run dashboards
 */
import { writeFileSync } from "node:fs";
import { dashboardFiles } from "./dashboard-files.ts";

for (const [path, content] of dashboardFiles()) writeFileSync(path, content);
