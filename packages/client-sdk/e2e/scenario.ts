/** What every runtime has to be able to do with the client, told as plain data. It uses nothing that only one of them has. */
import type * as sdk from "../src/index.ts";

/** What the scenario needs besides the client. */
export interface Surroundings {
  /** A server behind a gateway: as it is, turning the first request of a run away, and away altogether. */
  readonly addresses: { readonly server: string; readonly busy: string; readonly away: string };
  readonly apiKey: string;
  readonly password: string;
  /** Of this run alone. */
  readonly run: string;
}

const QUESTION = "Who built the tower?";

const told = (error: unknown): unknown =>
  error instanceof Error ? { name: error.name, code: Reflect.get(error, "code"), cause: error.cause } : error;

/** @returns what happened; {@link EXPECTED} is what should. */
export async function runScenario({ createClient }: Pick<typeof sdk, "createClient">, { addresses, apiKey, password, run }: Surroundings) {
  const client = createClient({ baseUrl: addresses.server, apiKey, credentials: { username: "admin", password } });

  const answer = await client.chat.ask(QUESTION);
  const stream = client.chat.stream(QUESTION);
  const kinds: string[] = [];
  for await (const { type } of stream) if (kinds.at(-1) !== type) kinds.push(type);

  const aborted = client.chat.stream(QUESTION);
  const abortion = await (async () => {
    for await (const event of aborted) if (event.type === "delta") aborted.abort("heard enough");
  })().catch(told);

  const job = await client.admin.ingest();
  const seen = new Set<string>();
  const ingested = await job.wait({ onEvent: ({ type }) => void seen.add(type) });

  const progress: sdk.UploadProgress[] = [];
  const content = `# Petrel\n\nThe boat of run ${run} is called Petrel.\n\n${"Nothing happens at sea. ".repeat(10_000)}`;
  const uploaded = await client.documents.upload(new Blob([content], { type: "text/markdown" }), {
    path: `runs/${run}'s file.md`,
    onProgress: (step) => void progress.push(step),
  });
  const { state } = await uploaded.wait();
  const listed: string[] = [];
  for await (const { path } of client.documents.list({ limit: 1, pathPrefix: `uploads/runs/${run}` })) listed.push(path);
  await client.documents.delete(uploaded.documentId);

  const attempts: number[] = [];
  const busy = createClient({ baseUrl: `${addresses.busy}/${run}`, apiKey, onRequest: ({ attempt }) => void attempts.push(attempt) });
  const retried = await busy.chat.ask(QUESTION);
  const unavailable = await createClient({ baseUrl: addresses.away, apiKey }).chat.ask(QUESTION).catch(told);

  return {
    asked: { answerable: answer.answerable, path: answer.citations[0]?.path },
    streamed: { kinds, isSame: (await stream.text()) === answer.answer },
    aborted: abortion,
    documents: (await client.admin.stats()).documents > 0,
    ingested: { state: ingested.state, wasFollowed: seen.has("done") },
    uploaded: {
      state,
      listed: listed.join() === uploaded.path,
      begins: progress[0]?.sentBytes === 0,
      ends: progress.at(-1)?.sentBytes === uploaded.sizeBytes && uploaded.sizeBytes === content.length,
    },
    retried: { isSame: retried.answer === answer.answer, attempts },
    unavailable,
  };
}

export const EXPECTED: Awaited<ReturnType<typeof runScenario>> = {
  asked: { answerable: true, path: "people/lund.md" },
  streamed: { kinds: ["session", "sources", "delta", "done"], isSame: true },
  aborted: { name: "AbortError", code: "aborted", cause: "heard enough" },
  documents: true,
  ingested: { state: "succeeded", wasFollowed: true },
  uploaded: { state: "succeeded", listed: true, begins: true, ends: true },
  retried: { isSame: true, attempts: [1, 2] },
  unavailable: { name: "UnavailableError", code: "store_unavailable", cause: undefined },
};
