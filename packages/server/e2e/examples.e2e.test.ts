/** The documents that come with the program are answered from as `examples/questions.json` says. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { ROUTE_DESCRIPTIONS } from "../src/rest/descriptions/all.ts";
import { type Api, connectApi } from "../test-support/api.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const run = promisify(execFile);
const EXAMPLES = join(import.meta.dirname, "../../../examples");

const expectation = z.object({ question: z.string(), citations: z.array(z.object({ paths: z.array(z.string()), contains: z.string() })) });
const questions = z
  .object({
    answerable: z.array(expectation),
    unanswerable: z.array(z.object({ question: z.string() })),
    followUps: z.array(z.object({ first: expectation, followUp: expectation })),
  })
  .parse(JSON.parse(await readFile(join(EXAMPLES, "questions.json"), "utf8")));

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: RunningServer;
let api: Api;
beforeAll(async () => {
  folder = await temporaryDirectory();
  // Probes such as those of health stand in the log at this level alone.
  server = await startServer({ DATA_DIR: folder.path, LOG_LEVEL: "debug" });
  api = await connectApi(server);
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

async function ask(question: string, sessionId?: string) {
  const { body } = await api.client("POST", "/chat", { body: { question, ...(sessionId === undefined ? {} : { sessionId }) } });
  return body;
}

interface Cited {
  readonly path: string;
  readonly quote: string;
}

function expectCited({ citations }: { readonly citations: readonly Cited[] }, wanted: z.infer<typeof expectation>["citations"]): void {
  for (const { paths, contains } of wanted) {
    expect(
      citations.filter(({ path, quote }) => paths.includes(path) && quote.includes(contains)).length,
      `a citation of ${paths} with "${contains}"`,
    ).toBeGreaterThan(0);
  }
}

describe("the example documents", () => {
  it.each(questions.answerable)("answer: $question", async ({ question, citations }) => {
    expectCited(await ask(question), citations);
  });

  it.each(questions.unanswerable)("do not answer: $question", async ({ question }) => {
    expect(await ask(question)).toMatchObject({ answerable: false, citations: [] });
  });

  it.each(questions.followUps)("answer $first.question and then $followUp.question", async ({ first, followUp }) => {
    const answer = await ask(first.question);
    expectCited(answer, first.citations);
    expectCited(await ask(followUp.question, answer.sessionId), followUp.citations);
  });
});

/** The requests that a part of the log tells of. */
const requestsOf = (log: string): readonly { readonly method: string; readonly route: string }[] =>
  log
    .split("\n")
    .filter((line) => line.includes('"msg":"request"') && line.endsWith("}"))
    .map((line) => JSON.parse(line));

describe("the example programs", () => {
  it("tour every route of the REST API with curl", async () => {
    const before = server.output().length;
    const { stdout } = await run("bash", [join(EXAMPLES, "curl-tour.sh")], {
      env: { PATH: process.env["PATH"], BASE_URL: server.address, API_KEY: api.apiKey, ADMIN_PASSWORD: api.adminPassword },
    });
    for (const part of [
      "14 October 1912",
      "event: delta",
      "made by Ida Holm in 1964",
      '"upload": true',
      '"state":"succeeded"',
      '"status": "healthy"',
      '"stored": true',
    ])
      expect(stdout).toContain(part);
    expect(stdout).not.toContain(api.apiKey);
    const toured = () => new Set(requestsOf(server.output().slice(before)).map(({ method, route }) => `${method} ${route}`));
    // The last lines of the log may come after the end of the tour.
    await expect.poll(() => [...toured()].sort()).toEqual(Object.keys(ROUTE_DESCRIPTIONS).sort());
  });

  it("ask through the SDK", async () => {
    const { stdout } = await run(process.execPath, [join(EXAMPLES, "ask.ts"), "Who designed the tower?"], {
      env: { PATH: process.env["PATH"], BASE_URL: server.address, API_KEY: api.apiKey },
    });
    expect(stdout).toContain("Prosper Quill");
    expect(stdout).toContain("archive/building-the-tower.md");
  });
});
