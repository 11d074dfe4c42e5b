/**
 * The whole stack on a real Docker engine: installed, operated by the runbook, updated under load, broken, destroyed and restored.
 *
 * Usage: npm run test:stack -- [--rounds 5] [--only runbook] [--without runbook] [--keep]
 *
 * STACK_TEST_PREPARE is a command that is run in the clone first, for a machine that reaches no registry of images and makes stand-ins.
 * DOCKER_BUILD_OPTS and DOCKER_BUILDKIT are handed on to `docker build`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createRunbookShell, runRunbook } from "../test-support/runbook/run.ts";
import { type Checkout, cloneRepository, type Finished } from "./checkout.ts";
import { destroyAndRestore } from "./disaster.ts";
import { originalCommands } from "./original-commands.ts";
import { type DoneUnderLoad, UNTIL_READY, underLoad } from "./under-load.ts";

const REPORT = resolve(import.meta.dirname, "../../../bench/results/stack.json");
const DEPLOY = "./scripts/deploy.sh";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    only: { type: "string" },
    without: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const FIRST = "a first installation";

const failures: string[] = [];
const report: Record<string, unknown> = {};
const tell = (line: string): void => void process.stdout.write(`${line}\n`);
const rounded = (value: number): number => Math.round(value * 10) / 10;

/** Counts what does not hold, and goes on: one run tells all that is wrong. */
function hold(what: string, holds: boolean, otherwise = ""): void {
  tell(`${holds ? "  ok  " : "  FAILED "} ${what}${holds || otherwise === "" ? "" : `\n${otherwise}`}`);
  if (!holds) failures.push(what);
}

const figures = ({ seconds, requests, kinds, failures: failed, slowestMs, p99Ms }: DoneUnderLoad): Record<string, unknown> => ({
  seconds: rounded(seconds),
  requests,
  kinds,
  failed: failed.length,
  slowestMs: Math.round(slowestMs),
  p99Ms: Math.round(p99Ms),
});

const describeLoad = ({ seconds, requests, failures: failed, slowestMs, p99Ms }: DoneUnderLoad): string =>
  `${rounded(seconds)} s, ${requests} requests, ${failed.length} failed, p99 ${Math.round(p99Ms)} ms, slowest ${Math.round(slowestMs)} ms`;

/** Stages with the word of `--without` in their titles are left out, and with `--only` all but the installation and those with its word; the results are not published then. */
async function stage(title: string, run: () => Promise<void>): Promise<void> {
  if (values.without !== undefined && title.includes(values.without)) return;
  if (values.only !== undefined && title !== FIRST && !title.includes(values.only)) return;
  tell(`\n── ${title}`);
  try {
    await run();
  } catch (error) {
    hold(title, false, error instanceof Error ? error.message : String(error));
  }
}

/** Whatever has been prepared is found so: asking again costs little. */
async function prepareImages(checkout: Checkout): Promise<void> {
  const prepare = process.env["STACK_TEST_PREPARE"];
  if (prepare !== undefined) await checkout.must(prepare);
}

async function main(checkout: Checkout): Promise<void> {
  const deploy = (): Promise<Finished> => checkout.sh(DEPLOY);

  await stage("the values of .env.example start nothing", async () => {
    await checkout.must("cp .env.example .env");
    const refused = await deploy();
    hold("deploy.sh refuses", refused.exitCode === 1 && refused.output.includes("POSTGRES_PASSWORD"), refused.output);
    await prepareImages(checkout);
    const started = await checkout.sh("docker compose -f docker-compose.prod.yml up -d --no-build postgres redis");
    hold("Compose refuses without it", started.exitCode !== 0, started.output);
    await checkout.must("docker compose -f docker-compose.prod.yml down; rm .env");
  });

  await stage(FIRST, async () => {
    await prepareImages(checkout);
    const hasGrafana =
      (
        await checkout.sh(
          "docker image inspect $(docker compose -f docker-compose.prod.yml config --images | grep grafana) || docker pull -q $(docker compose -f docker-compose.prod.yml config --images | grep grafana)",
        )
      ).exitCode === 0;
    checkout.writeEnvironment(hasGrafana ? {} : { DEPLOY_WITHOUT: "grafana" });
    report["leftOut"] = hasGrafana ? [] : ["grafana"];
    const first = await deploy();
    hold(`deployed in ${rounded(first.seconds)} s`, first.exitCode === 0, first.output);
    report["firstDeploySeconds"] = rounded(first.seconds);
    const sizes = await checkout.must("docker images --format '{{.Repository}}:{{.Tag}} {{.Size}}' | grep \"^$RAG_IMAGE\" | grep current");
    report["images"] = sizes.output.trim().split("\n");
    const unhealthy = await checkout.sh(
      "for i in $(seq 120); do left=$(docker compose -f docker-compose.prod.yml ps --format '{{.Service}} {{.Status}}' | grep -v '(healthy)'); [ -n \"$left\" ] || break; sleep 1; done; echo \"$left\"",
    );
    hold("every container is healthy", unhealthy.output.trim() === "", unhealthy.output);
    const published = await checkout.must(
      "docker compose -f docker-compose.prod.yml ps --format '{{.Service}} {{.Ports}}' | grep -e '->' | cut -d' ' -f1",
    );
    hold("caddy alone is published", published.output.trim() === "caddy", published.output);
  });

  await stage("the commands that were ordered, as they stand there", async () => {
    for (const { command, matches } of originalCommands) {
      const { exitCode, output, seconds } = await checkout.sh(`set -o pipefail; ${command}`, {
        ADMIN_PASSWORD: `long-enough-${checkout.setting("API_KEY").slice(0, 16)}`,
      });
      hold(
        `${command.split("\n")[0]} (${rounded(seconds)} s)`,
        exitCode === 0 && matches.test(output),
        `exit code ${exitCode}\n${output.slice(-3_000)}`,
      );
    }
  });

  await stage("an update while clients ask", async () => {
    await checkout.must("echo '<!-- a change -->' >> README.md; date > packages/server/src/changed.txt; git add -A");
    const version = await checkout.commit("Change something");
    const done = await underLoad(checkout, deploy);
    hold(
      `${version}: ${describeLoad(done)}`,
      done.exitCode === 0 && done.failures.length === 0,
      `${done.output}\n${JSON.stringify(done.failures.slice(0, 10))}`,
    );
    report["update"] = figures(done);
  });

  await stage("a version that does not start", async () => {
    await checkout.must("echo 'throw new Error(\"this version is broken\");' >> packages/server/src/main.ts");
    await checkout.commit("Break it");
    const done = await underLoad(checkout, deploy);
    hold(
      `is taken back by itself: ${describeLoad(done)}`,
      done.exitCode === 1 && done.failures.length === 0,
      `${done.output}\n${JSON.stringify(done.failures.slice(0, 10))}`,
    );
    hold("says why", done.output.includes("this version is broken"), done.output);
    report["broken"] = figures(done);
  });

  await stage("back to the version before, by git checkout", async () => {
    const done = await underLoad(checkout, () => checkout.sh(`git checkout --quiet HEAD~2 && ${DEPLOY}`));
    hold(describeLoad(done), done.exitCode === 0 && done.failures.length === 0, `${done.output}\n${JSON.stringify(done.failures.slice(0, 10))}`);
    report["rollback"] = figures(done);
  });

  await stage("a restart of the api alone, with one server", async () => {
    const done = await underLoad(checkout, () => checkout.must("docker compose -f docker-compose.prod.yml restart api"));
    // With one server there is a moment with none: whoever asks then waits, or is told when to ask again.
    const broken = done.failures.filter(({ status }) => status !== 503);
    hold(`${describeLoad(done)}, ${broken.length} of them otherwise than by 503`, broken.length === 0, JSON.stringify(broken.slice(0, 10)));
    report["restart"] = figures(done);
  });

  await stage(`everything destroyed and restored, ${rounds} times`, async () => {
    const results = [];
    for (let round = 1; round <= rounds; round += 1) {
      const result = await destroyAndRestore(checkout);
      hold(
        `round ${round}: RTO ${rounded(result.rtoSeconds)} s (destroyed to answering ${rounded(result.destroyedSeconds)} s), ${result.lostFeedback} of ${result.acknowledgedFeedback} judgements since the backup lost`,
        result.isWhole,
        result.output,
      );
      const { output: _, ...numbers } = result;
      results.push(numbers);
    }
    report["disasters"] = results;
  });

  await stage("the runbook of this repository, block by block", async () => {
    const backup = (await checkout.sh("ls backups | grep -E '^[0-9]' | tail -1 | cut -c1-10")).output.trim();
    const shell = createRunbookShell({
      cwd: checkout.folder,
      environment: {
        ...Object.fromEntries(["API_KEY", "REDIS_PASSWORD", "METRICS_PASSWORD"].map((name) => [name, checkout.setting(name)])),
        HOME: process.env["HOME"] ?? "",
        ...(Object.fromEntries(
          Object.entries(process.env).filter(([name, value]) => /^(DOCKER|COMPOSE|NODE_EXTRA_CA_CERTS|SSL_CERT)/.test(name) && value !== undefined),
        ) as Record<string, string>),
        ADMIN_PASSWORD: `long-enough-${checkout.setting("API_KEY").slice(0, 16)}`,
        COMMIT: (await checkout.must("git rev-parse HEAD")).output.trim(),
        BACKUP: backup,
      },
    });
    try {
      const { ran, byHand } = await runRunbook({
        markdown: readFileSync(join(checkout.folder, "docs/runbook.md"), "utf8"),
        place: "stack",
        execute: shell.execute,
        beforeBlock: async () => void (await checkout.must(UNTIL_READY)),
        onBlock: ({ script }, { exitCode, durationMs }) =>
          tell(`  ${exitCode === 0 ? "ok  " : `(${exitCode})`} ${script.split("\n")[0]} (${rounded(durationMs / 1_000)} s)`),
      });
      hold(`${ran.length} blocks ran, ${byHand.length} are by hand`, true);
      report["runbook"] = { ran: ran.length, byHand: byHand.length };
    } finally {
      shell.close();
    }
  });
}

tell(
  "test:stack needs a Docker engine with Compose v2: it clones what is committed into a temporary folder, builds its images, and runs the stack on ports 80, 443, 3000, 8000 and 9090 of this machine, half an hour or so.",
);
const checkout = await cloneRepository();
tell(`in ${checkout.folder}`);
try {
  await main(checkout);
} finally {
  if (values.keep) tell(`kept: ${checkout.folder}`);
  else await checkout.remove();
}
if (failures.length === 0 && values.without === undefined && values.only === undefined)
  writeFileSync(REPORT, `${JSON.stringify({ at: new Date().toISOString(), ...report }, undefined, 2)}\n`);
else tell(JSON.stringify(report, undefined, 2));
tell(`\n${failures.length} failed${failures.map((what) => `\n  ${what}`).join("")}`);
process.exit(failures.length === 0 ? 0 : 1);
