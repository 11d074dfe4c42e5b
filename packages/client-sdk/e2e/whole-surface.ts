/** Every operation once, as a program of a user would call them one after the other. */
import type * as sdk from "../src/index.ts";

/** What is needed of a release of the client. */
export type Release = Pick<typeof sdk, "ConflictError" | "createClient" | "NotFoundError" | "RagError">;

const codeOf =
  ({ RagError }: Release) =>
  (error: unknown): string => {
    if (error instanceof RagError) return error.code;
    throw error;
  };

/** All items of a list; up to 0.1 that of sessions was a promise of one page. */
async function allOf<Item>(list: sdk.PagedList<Item, unknown> | PromiseLike<readonly Item[]>): Promise<readonly Item[]> {
  return "then" in list ? await list : await list.toArray();
}

/** @returns what a later release must still be able to do; it throws where an answer is not understood. */
export async function callEverything(release: Release, options: sdk.ClientOptions, run: string): Promise<Record<string, unknown>> {
  const client = release.createClient(options);
  const { admin, chat, documents, sessions } = client;
  const refused = codeOf(release);

  const answer = await chat.ask("Who built the tower?");
  const final = await chat.stream({ question: "And where did she live?", sessionId: answer.sessionId }).final();
  const { hits } = await client.search({ query: "tower", limit: 3, explain: true, filters: { pathPrefixes: ["people/"] } });
  const judged = await client.feedback({ rating: "up", requestId: answer.requestId, sessionId: answer.sessionId, comment: run });
  const session = await sessions.get(answer.sessionId);
  const listed = await allOf(sessions.list({ limit: 10 }));
  await sessions.delete(answer.sessionId);
  const gone = await sessions.get(answer.sessionId).catch(refused);

  const uploaded = await documents.upload(`# ${run}\n\nThe kettle of ${run} is blue.`, { path: `kettles/${run}.md`, type: "text/markdown" });
  const ingested = await uploaded.wait();
  const document = await documents.get(uploaded.documentId);
  const paths = (await documents.list({ pathPrefix: "uploads/kettles/" }).toArray()).map(({ path }) => path);
  const receipt = await documents.delete(uploaded.documentId);

  const job = await admin.ingest();
  const events: string[] = [];
  for await (const { type } of job.events()) events.push(type);
  const status = await admin.ingestStatus(job.id);

  const user = await admin.users.create({ username: `user-${run}`, email: `${run}@example.test`, password: "the goat eats bread at noon" });
  await admin.users.disable(user.id);
  const key = await admin.apiKeys.create({ name: run, operations: ["chat.ask", "search.run"], pathPrefixes: ["people/"], requestsPerDay: 50 });
  const withKey = release.createClient({ baseUrl: options.baseUrl, apiKey: key.key });
  const found = await withKey.search("Petrel");
  await admin.apiKeys.revoke(key.id);

  const [stats, index, doctor, health] = await Promise.all([admin.stats(), admin.index(), admin.doctor.examine(), client.health()]);
  return {
    answer: [answer.answerable, answer.citations.length > 0, final.sessionId === answer.sessionId],
    search: [hits[0]?.path, Object.keys(hits[0]?.explanation ?? {}).length > 0],
    feedback: judged.id.length,
    sessions: [session.turns.length, listed.some(({ id }) => id === answer.sessionId), gone],
    documents: [ingested.state, document.text.includes(run), paths, receipt.path === uploaded.path],
    ingestion: [events.at(-1), status.state],
    users: (await admin.users.list()).some(({ id, disabledAt }) => id === user.id && disabledAt !== null),
    apiKeys: [found.hits.length > 0, (await admin.apiKeys.list()).some(({ id, revokedAt }) => id === key.id && revokedAt !== null)],
    operations: [
      (await admin.breaker.reset()).state,
      (await admin.cache.clear()).cleared >= 0,
      await admin.reindex().catch(refused),
      await admin.switchBack().catch(refused),
      await admin.dropPrevious().catch(refused),
      (await admin.doctor.repair()).findings.length,
    ],
    figures: [stats.documents > 0, index.search.chunks > 0, doctor.record.documents > 0, health.status],
  };
}
