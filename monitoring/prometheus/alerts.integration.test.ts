/** The files that Prometheus and Alertmanager read, by their own tools. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findProgram, type PrometheusProgram } from "../../packages/server/test-support/prometheus-server.ts";

const HERE = import.meta.dirname;
const ALERTS = readFileSync(join(HERE, "alerts.yml"), "utf8");
const TESTS = readFileSync(join(HERE, "alerts.test.yml"), "utf8");
const RUNBOOK = readFileSync(join(HERE, "../../docs/runbook.md"), "utf8");

/** One block of the file for each alert; their layout is checked by the tests below. */
const alerts = ALERTS.split(/^ {6}- alert: /m)
  .slice(1)
  .map((block) => ({ name: /^\w+/.exec(block)?.[0] ?? "", block }));

function run(program: PrometheusProgram, ...args: string[]): string {
  return execFileSync(findProgram(program), args, { cwd: HERE, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** As GitHub makes them of headings. */
const anchors = new Set(
  [...RUNBOOK.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  ),
);

describe("the configuration of Prometheus", () => {
  it("is valid, with its rules", () => {
    expect(run("promtool", "check", "config", "--lint-fatal", "prometheus.yml")).toMatch(/SUCCESS: 1 rule files found/);
  });

  it("has the alerts of the requirements", () => {
    const names = alerts.map(({ name }) => name);
    for (const name of ["HighErrorRate", "HighLatency", "InstanceDown", "RedisDown", "PostgresDown", "LLMErrorsHigh"]) expect(names).toContain(name);
    expect(run("promtool", "check", "rules", "alerts.yml")).toContain(`${names.length} rules found`);
  });

  it.each(alerts)("says of $name how bad it is and where the runbook says what to do", ({ name, block }) => {
    expect(block).toMatch(/^ {10}severity: (critical|warning)$/m);
    for (const annotation of ["summary", "description"]) expect(block).toMatch(new RegExp(`^ {10}${annotation}: \\S`, "m"));
    const anchor = /^ {10}runbook_url: docs\/runbook\.md#(\S+)$/m.exec(block)?.[1];
    expect(anchor).toBe(name.toLowerCase());
    expect(anchors).toContain(anchor);
  });

  it.each(alerts)("is tested with $name both quiet and firing", ({ name }) => {
    const expected = [...TESTS.matchAll(new RegExp(`alertname: ${name}\\b,? *(?:exp_alerts: \\[\\]|\\n\\s+exp_alerts:\\n)`, "g"))].map(([text]) =>
      text.includes("[]"),
    );
    // What is quiet because nothing else is expected at that time counts as well.
    expect(expected).toContain(false);
    expect(expected).toContain(true);
  });

  it("fires as its tests say", () => {
    expect(run("promtool", "test", "rules", "alerts.test.yml")).toContain("SUCCESS");
  });
});

it("of Alertmanager is valid", () => {
  expect(run("amtool", "check-config", "../alertmanager/alertmanager.yml")).toContain("SUCCESS");
});
