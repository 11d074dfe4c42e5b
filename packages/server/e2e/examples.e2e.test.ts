/** The documents that come with the program are answered from as `examples/questions.json` says. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Api, connectApi } from "../test-support/api.ts";
import { type RunningServer, startServer, temporaryDirectory } from "../test-support/running-server.ts";

const expectation = z.object({ question: z.string(), citations: z.array(z.object({ paths: z.array(z.string()), contains: z.string() })) });
const questions = z
  .object({
    answerable: z.array(expectation),
    unanswerable: z.array(z.object({ question: z.string() })),
    followUps: z.array(z.object({ first: expectation, followUp: expectation })),
  })
  .parse(JSON.parse(await readFile(join(import.meta.dirname, "../../../examples/questions.json"), "utf8")));

let folder: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: RunningServer;
let api: Api;
beforeAll(async () => {
  folder = await temporaryDirectory();
  server = await startServer({ DATA_DIR: folder.path });
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
