/** docs/monitoring.md against the metrics that there are, and everything else that names one against both. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { METRIC_SOURCES } from "../../../test-support/metric-sources.ts";
import { createMetrics } from "./metrics.ts";

const ROOT = join(import.meta.dirname, "../../../../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** Names of databases and schemas. */
const OTHERS = new Set(["rag_a", "rag_b", "rag_backup", "rag_previous", "rag_restoring"]);
/** Who asks for metrics, or shows some. */
const READERS = [
  "docs/**/*.md",
  "README.md",
  "examples/**/*.{md,sh}",
  "scripts/*",
  "deploy/**/*.{sh,yml,mjs}",
  "monitoring/{prometheus,alertmanager}/*.yml",
];
const DESCRIPTIONS = "packages/server/src/rest/descriptions/*.ts";

/** Core names its stages where it times them. */
function stagesOfCore(): ReadonlySet<string> {
  const files = globSync("packages/core/src/**/*.ts", { cwd: ROOT }).filter((path) => !path.endsWith(".test.ts"));
  return new Set(files.flatMap((path) => Array.from(read(path).matchAll(/\b(?:timed|report)\("(\w+)"/g), ([, stage = ""]) => stage)));
}

/** Of each metric in the table of the page: its labels, and their values where the page lists them. */
const documented = new Map(
  Array.from(read("docs/monitoring.md").matchAll(/^\| `((?:rag|http)_\w+)` \| ([^|]*)\|/gm), ([, name = "", labels = ""]) => [
    name,
    toLabels(labels.trim()),
  ]),
);

function toLabels(text: string): ReadonlyMap<string, ReadonlySet<string> | undefined> {
  const [, label = "", values] = /^(\w+): (.+)$/.exec(text) ?? [];
  if (values !== undefined) return new Map([[label, new Set(values.split(", "))]]);
  return new Map(text === "" ? [] : text.split(", ").map((each) => [each, undefined]));
}

/** The same of the metrics that there are, after everything has happened that has a label of its own. */
const there = new Map<string, Map<string, Set<string>>>();
beforeAll(async () => {
  const metrics = createMetrics(METRIC_SOURCES);
  for (const stage of stagesOfCore()) metrics.stage(stage, 3);
  metrics.observe({ method: "GET", route: "/health", status: 200, durationMs: 1 });
  metrics.ingested({ state: "succeeded", counts: { added: 1, changed: 1, removed: 1, unchanged: 1, failed: 1 } });
  const { body } = await metrics.render();
  const kinds = Array.from(body.matchAll(/^# TYPE ((?:rag|http)_\w+) (\w+)$/gm), ([, name = "", kind = ""]) => ({ name, kind }));
  for (const { name, kind } of kinds) {
    const series = new RegExp(`^${name}${kind === "histogram" ? "_bucket" : ""}\\{(.*)\\} `, "gm");
    const labels = new Map<string, Set<string>>();
    for (const [, text = ""] of body.matchAll(series)) {
      for (const [, label = "", value = ""] of text.matchAll(/(\w+)="([^"]*)"/g)) {
        if (label !== "le") labels.set(label, (labels.get(label) ?? new Set()).add(value));
      }
    }
    there.set(name, labels);
  }
});

describe("the metrics", () => {
  it("are all in the documentation, and it has no others", () => {
    expect([...documented.keys()].sort()).toEqual([...there.keys()].sort());
  });

  it("have there the labels that they have, and each value of those that are listed", () => {
    for (const [name, labels] of there) {
      const onPage = documented.get(name);
      expect([...(onPage?.keys() ?? [])], name).toEqual([...labels.keys()]);
      for (const [label, values] of onPage ?? []) if (values !== undefined) expect(values, `${name} ${label}`).toEqual(labels.get(label));
    }
  });

  it("are all that anybody asks for: pages, alerts, scripts and the examples of the REST API", () => {
    const files = [...READERS, DESCRIPTIONS].flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
    expect(files.length).toBeGreaterThan(30);
    const known = [...there.keys()];
    const strangers = files.flatMap((path) => {
      const named = new Set(Array.from(read(path).matchAll(/\brag_[a-z_]+\b/g), ([name]) => name.replace(/_(bucket|sum|count)$/, "")));
      // What is looked for with grep may be the beginning of several.
      return [...named]
        .filter((name) => !OTHERS.has(name) && !known.some((metric) => metric === name || metric.startsWith(`${name}_`)))
        .map((name) => `${path}: ${name}`);
    });
    expect(strangers).toEqual([]);
  });
});
