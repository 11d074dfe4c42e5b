/** What the terminal shows once the server is ready. */
import type { Config } from "./config.ts";

export interface BannerFacts {
  readonly address: string;
  readonly documents: number;
  readonly chunks: number;
  readonly docsDir: string;
  readonly dataDir: string;
  readonly sampleQuestion: string;
  readonly startedInMs: number;
  /** Set once, at the first start: the secrets that were created; those that are configured are not shown. */
  readonly created: { readonly path: string; readonly apiKey: string | undefined; readonly adminPassword: string | undefined } | undefined;
  readonly secretsPath: string | undefined;
  /** What is in use, and the variable that replaces it. */
  readonly parts: readonly { readonly part: string; readonly inUse: string; readonly replaceWith: string }[];
}

export function banner(facts: BannerFacts): string {
  const { address, created } = facts;
  const key = "$API_KEY";
  const readKey =
    created?.apiKey !== undefined
      ? `  API_KEY=${created.apiKey}`
      : facts.secretsPath === undefined
        ? "  # API_KEY is the one you configured"
        : `  API_KEY=$(node -p "JSON.parse(require('fs').readFileSync('${facts.secretsPath}')).apiKey")`;
  const lines = [
    "",
    `RAG Personal is ready at ${address} (${(facts.startedInMs / 1000).toFixed(1)} s): ${facts.documents} documents, ${facts.chunks} chunks from ${facts.docsDir}`,
    "",
  ];
  if (created !== undefined) {
    lines.push(
      `Secrets were created and are kept in ${created.path} (readable by you alone). They are shown this once:`,
      ...(created.apiKey === undefined ? [] : [`  API key         ${created.apiKey}`]),
      ...(created.adminPassword === undefined ? [] : [`  admin password  ${created.adminPassword}   (user: admin)`]),
      "",
    );
  }
  lines.push(
    "Try:",
    readKey,
    `  curl -s ${address}/chat -H "X-API-Key: ${key}" -H "Content-Type: application/json" -d '{"question":"${facts.sampleQuestion}"}'`,
    `  curl -s ${address}/search -H "X-API-Key: ${key}" -H "Content-Type: application/json" -d '{"query":"${facts.sampleQuestion}","limit":3}'`,
    `  curl -s ${address}/health/detailed -H "X-API-Key: ${key}"`,
    "",
    "In use:",
    ...facts.parts.map(({ part, inUse, replaceWith }) => `  ${part.padEnd(12)}${inUse} (${replaceWith})`),
    `  ${"data".padEnd(12)}${facts.dataDir} (DATA_DIR); copy this folder while the server is stopped to keep everything`,
    "",
  );
  return lines.join("\n");
}

/** What is in use by this configuration. @param models those that write answers, make vectors and order hits, where there are any. */
export function describeParts(
  config: Config,
  {
    language,
    embedder,
    reranker,
  }: {
    readonly language: { readonly adapter: string } | undefined;
    readonly embedder: { readonly id: string } | undefined;
    readonly reranker: { readonly id: string } | undefined;
  },
): BannerFacts["parts"] {
  const vectors = embedder === undefined ? "" : `, vectors of ${embedder.id}`;
  const kept = config.CHROMA_URL === undefined ? "in this process" : "vectors in ChromaDB";
  const order = reranker === undefined ? "" : `, ordered by ${reranker.id}`;
  return [
    { part: "database", inUse: config.DATABASE_URL === undefined ? "PostgreSQL, embedded" : "PostgreSQL", replaceWith: "DATABASE_URL" },
    {
      part: "sessions",
      inUse: config.REDIS_URL === undefined ? "rows of the database, answers cached in this process" : "Redis",
      replaceWith: "REDIS_URL",
    },
    {
      part: "search",
      inUse: `words and a semantic space learnt from your documents${vectors}, ${kept}${order}`,
      replaceWith: "EMBEDDING_MODEL, RERANKER_MODEL, CHROMA_URL",
    },
    { part: "answers", inUse: language?.adapter ?? "verified quotations, no language model", replaceWith: "GROQ_API_KEY or LLM_BASE_URL" },
  ];
}
