/** What a principal may read of the documents: the one place that every way to their content goes through, below the transports. */
import type {
  AnswerEvent,
  AnswerRequest,
  ConversationEvent,
  ConversationRequest,
  DocumentListing,
  DocumentStore,
  DocumentSummary,
  Embedder,
  Retrieval,
  RetrieveOptions,
  SearchFilters,
  StoredDocument,
} from "@rag-personal/core";
import type { IngestionJob, IngestionJobEvent } from "./ingestion-job.ts";
import { type Principal, principalName } from "./policy.ts";

/** A question as every transport hands it over. */
export interface AskRequest extends Omit<AnswerRequest, "principal"> {
  readonly principal: Principal;
}

/** A question whose conversation comes with it. */
export interface ConverseRequest extends Omit<ConversationRequest, "principal"> {
  readonly principal: Principal;
}

/** What turns texts into vectors. */
export interface EmbeddingModel {
  readonly embedder: Embedder;
  /** The space that the index learnt: its vectors tell which words the documents hold. */
  readonly isLearnt: boolean;
}

/** Asking, searching and reading, no further than the principal may see: what lies elsewhere looks exactly like what is nowhere. */
export interface ConfinedReading {
  /** The principal's scope is part of the question's filters, and so of its key in the cache. */
  ask(request: AskRequest): AsyncIterable<AnswerEvent>;
  converse(request: ConverseRequest): AsyncIterable<ConversationEvent>;
  search(principal: Principal, query: string, options: RetrieveOptions): Promise<Retrieval>;
  /** The prefixes that are asked for narrow the principal's own down. */
  listDocuments(principal: Principal, listing: DocumentListing): Promise<readonly DocumentSummary[]>;
  getDocument(principal: Principal, id: string): Promise<StoredDocument | undefined>;
  /** `outOfReach`: it was learnt from all documents, and the principal may not read all. `none`: there is nothing yet to learn one from. */
  embedder(principal: Principal): Embedder | "outOfReach" | "none";
}

/** @param reading asks, searches and lists wherever the filters allow, and reads every document. */
export function createConfinedReading({
  ask,
  converse,
  search,
  documents,
  embeddingModel,
}: {
  ask: (request: AnswerRequest) => AsyncIterable<AnswerEvent>;
  converse: (request: ConversationRequest) => AsyncIterable<ConversationEvent>;
  search: (query: string, options: RetrieveOptions) => Promise<Retrieval>;
  documents: Pick<DocumentStore, "listSomeDocuments" | "getDocument">;
  embeddingModel: () => EmbeddingModel | undefined;
}): ConfinedReading {
  return {
    ask: ({ principal, filters, ...request }) =>
      ask({ ...request, principal: principalName(principal), filters: confine(filters, prefixesOf(principal)) }),
    converse: ({ principal, filters, ...request }) =>
      converse({ ...request, principal: principalName(principal), filters: confine(filters, prefixesOf(principal)) }),
    embedder(principal) {
      const model = embeddingModel();
      if (model === undefined) return "none";
      return model.isLearnt && prefixesOf(principal) !== undefined ? "outOfReach" : model.embedder;
    },
    search: (principal, query, options) => search(query, { ...options, filters: confine(options.filters, prefixesOf(principal)) }),
    async listDocuments(principal, { pathPrefixes, ...listing }) {
      const confined = confine({ pathPrefixes }, prefixesOf(principal))?.pathPrefixes;
      return await documents.listSomeDocuments({ ...listing, pathPrefixes: confined });
    },
    async getDocument(principal, id) {
      const document = await documents.getDocument(id);
      return document !== undefined && isWithinReach(principal, document.path) ? document : undefined;
    },
  };
}

/** Whether a document of this path may exist for the principal. */
export function isWithinReach(principal: Principal, path: string): boolean {
  return prefixesOf(principal)?.some((prefix) => path.startsWith(prefix)) ?? true;
}

/** A job without the files that do not exist for the principal; its counts are those of the whole job. */
export function confineJob(principal: Principal, job: IngestionJob): IngestionJob {
  return prefixesOf(principal) === undefined ? job : { ...job, files: job.files.filter(({ path }) => isWithinReach(principal, path)) };
}

/** What happens in a job, without the files that do not exist for the principal. */
export async function* confineJobEvents(principal: Principal, events: AsyncIterable<IngestionJobEvent>): AsyncGenerator<IngestionJobEvent, void> {
  for await (const event of events) {
    switch (event.type) {
      case "job":
      case "done":
        yield { type: event.type, job: confineJob(principal, event.job) };
        break;
      case "file":
        if (isWithinReach(principal, event.file.path)) yield event;
        break;
      case "progress":
        yield event;
    }
  }
}

function prefixesOf(principal: Principal): readonly string[] | undefined {
  return principal.kind === "apiKey" ? principal.scope.pathPrefixes : undefined;
}

/**
 * The filters that admit what both the given ones and the prefixes admit. Where they have nothing in common, the list of prefixes is
 * empty and admits nothing.
 *
 * @param allowed undefined: everything.
 * @example
 * confine({ pathPrefixes: ["people/lund", "recipes/"] }, ["people/"]); // { pathPrefixes: ["people/lund"] }
 */
export function confine(filters: SearchFilters | undefined, allowed: readonly string[] | undefined): SearchFilters | undefined {
  if (allowed === undefined) return filters;
  const asked = filters?.pathPrefixes;
  const pathPrefixes = asked === undefined ? allowed : asked.flatMap((prefix) => allowed.flatMap((other) => common(prefix, other)));
  return { ...filters, pathPrefixes };
}

/** The paths that begin with both begin with the longer one, if that begins with the shorter, and else there are none. */
function common(left: string, right: string): readonly string[] {
  if (left.startsWith(right)) return [left];
  return right.startsWith(left) ? [right] : [];
}
