/** What a principal may read of the documents: the one place that every way to their content goes through, below the transports. */
import type {
  AnswerEvent,
  AnswerRequest,
  DocumentListing,
  DocumentStore,
  DocumentSummary,
  Retrieval,
  RetrieveOptions,
  SearchFilters,
  StoredDocument,
} from "@rag-personal/core";
import type { IngestionJob, IngestionJobEvent } from "./ingestion-jobs.ts";
import { type Principal, principalName } from "./policy.ts";

/** A question as every transport hands it over. */
export interface AskRequest extends Omit<AnswerRequest, "principal"> {
  readonly principal: Principal;
}

/** Asking, searching and reading, no further than the principal may see: what lies elsewhere looks exactly like what is nowhere. */
export interface ConfinedReading {
  /** The principal's scope is part of the question's filters, and so of its key in the cache. */
  ask(request: AskRequest): AsyncIterable<AnswerEvent>;
  search(principal: Principal, query: string, options: RetrieveOptions): Promise<Retrieval>;
  /** The prefixes that are asked for narrow the principal's own down. */
  listDocuments(principal: Principal, listing: DocumentListing): Promise<readonly DocumentSummary[]>;
  getDocument(principal: Principal, id: string): Promise<StoredDocument | undefined>;
}

/** @param reading asks, searches and lists wherever the filters allow, and reads every document. */
export function createConfinedReading({
  ask,
  search,
  documents,
}: {
  ask: (request: AnswerRequest) => AsyncIterable<AnswerEvent>;
  search: (query: string, options: RetrieveOptions) => Promise<Retrieval>;
  documents: Pick<DocumentStore, "listSomeDocuments" | "getDocument">;
}): ConfinedReading {
  return {
    ask: ({ principal, filters, ...request }) =>
      ask({ ...request, principal: principalName(principal), filters: confine(filters, prefixesOf(principal)) }),
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
