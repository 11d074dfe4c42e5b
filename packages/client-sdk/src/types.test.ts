/** What the compiler knows of the public API, and that it is what the server's router says. */
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import { describe, expectTypeOf, it } from "vitest";
import type {
  Answer,
  AnswerEvent,
  AnswerStream,
  ApiKey,
  Backup,
  BreakerState,
  ChatRequest,
  ClearedCache,
  Client,
  CreatedApiKey,
  DeletionReceipt,
  DoctorReport,
  DocumentFilter,
  DocumentPage,
  DocumentSummary,
  Feedback,
  Health,
  IndexDescription,
  IngestionEvent,
  IngestionHandle,
  IngestionJob,
  KeyOperation,
  NewApiKey,
  NewUser,
  ResponseInfo,
  SearchRequest,
  SearchResult,
  Session,
  SessionSummary,
  Statistics,
  StoredDocument,
  StoredFeedback,
  UploadedDocument,
  User,
} from "./index.ts";
import { ApiError, createClient, type RagError, type RagErrorCode, RateLimitError } from "./index.ts";
import type { AppRouter } from "./trpc.ts";

type Outputs = inferRouterOutputs<AppRouter>;
type Inputs = inferRouterInputs<AppRouter>;
type Event<Stream> = Stream extends AsyncIterable<infer Each> ? Each : never;

/** Every name in it, at every depth: a field that is missing or new on either side shows. */
type Names<T> = T extends string | number | boolean
  ? never
  : T extends readonly (infer Item)[]
    ? Names<Item>
    : T extends object
      ? string extends keyof T
        ? Names<T[keyof T]>
        : { [Name in keyof T & string]-?: Name | `${Name}.${Names<NonNullable<T[Name]>>}` }[keyof T & string]
      : never;

/** The server's is one of ours, field by field and without one too many. */
function agree<Wire extends Model, Model>(
  ..._: [Names<Wire>] extends [Names<Model>] ? ([Names<Model>] extends [Names<Wire>] ? [] : [never]) : [never]
): void {}

/** What a caller may say, the server takes. */
function accepts<Input, Given extends Input>(
  ..._: [keyof Given] extends [keyof Input] ? ([keyof Input] extends [keyof Given] ? [] : [never]) : [never]
): void {}

describe("the model", () => {
  it("is what the router gives", () => {
    agree<Outputs["search"], SearchResult>();
    agree<Outputs["health"], Health>();
    agree<Outputs["sessions"]["list"]["sessions"][number], SessionSummary>();
    agree<Outputs["sessions"]["get"], Session>();
    agree<Outputs["documents"]["list"], DocumentPage>();
    agree<Outputs["documents"]["get"], StoredDocument>();
    agree<Outputs["documents"]["delete"], DeletionReceipt>();
    agree<Outputs["admin"]["stats"], Statistics>();
    agree<Outputs["admin"]["backup"], Backup>();
    agree<Outputs["admin"]["ingest"], IngestionJob>();
    agree<Outputs["admin"]["ingestStatus"], IngestionJob>();
    agree<Event<Outputs["admin"]["ingestEvents"]>, IngestionEvent>();
    agree<Outputs["admin"]["users"]["list"]["users"][number], User>();
    agree<Outputs["admin"]["users"]["create"], User>();
    agree<Outputs["admin"]["apiKeys"]["list"]["apiKeys"][number], ApiKey>();
    agree<Outputs["admin"]["apiKeys"]["create"], CreatedApiKey>();
    agree<Outputs["admin"]["breaker"]["reset"], BreakerState>();
    agree<Outputs["admin"]["cache"]["clear"], ClearedCache>();
    agree<Outputs["admin"]["index"], IndexDescription>();
    agree<Outputs["admin"]["reindex"], IndexDescription>();
    agree<Outputs["admin"]["doctor"]["examine"], DoctorReport>();
    expectTypeOf<Outputs["chat"]["feedback"]>().toExtend<StoredFeedback>();
    expectTypeOf<Answer>().toExtend<{ readonly [Name in keyof Outputs["chat"]["ask"]]: unknown }>();
  });

  it("is what the router takes", () => {
    accepts<Inputs["chat"]["ask"], ChatRequest>();
    accepts<Inputs["search"], SearchRequest>();
    accepts<Inputs["documents"]["list"], DocumentFilter>();
    accepts<Omit<Inputs["chat"]["feedback"], "id">, Feedback>();
    accepts<Inputs["admin"]["users"]["create"], NewUser>();
    accepts<Inputs["admin"]["apiKeys"]["create"], NewApiKey>();
    expectTypeOf<KeyOperation>().toEqualTypeOf<NonNullable<Inputs["admin"]["apiKeys"]["create"]["operations"]>[number]>();
  });

  it("shows a difference where there is one", () => {
    // @ts-expect-error a field that the model has and the router has not
    agree<{ id: string }, { readonly id?: string; readonly name?: string }>();
    // @ts-expect-error a field that the router has and the model has not
    agree<{ id: string; name: string }, { readonly id: string }>();
    // @ts-expect-error a field within a list
    agree<{ list: { id: string; more: number }[] }, { readonly list: readonly { readonly id: string }[] }>();
    // @ts-expect-error another type
    agree<{ id: number }, { readonly id: string }>();
  });
});

describe("the client", () => {
  const client: Client = createClient({ baseUrl: "http://rag.test" });

  it("takes a question as text or with what belongs to it, and nothing misspelt", () => {
    expectTypeOf(client.chat.ask).parameter(0).toEqualTypeOf<string | ChatRequest>();
    expectTypeOf(client.chat.stream).returns.toEqualTypeOf<AnswerStream>();
    // @ts-expect-error there is no such field
    (): unknown => client.chat.ask({ question: "?", sessionID: "s1" });
    // @ts-expect-error a question has to be there
    (): unknown => client.chat.ask({});
    // @ts-expect-error a rating is one of two
    (): unknown => client.feedback({ rating: "good" });
  });

  it("gives results, and responses beside them", () => {
    expectTypeOf(client.chat.ask).returns.resolves.toEqualTypeOf<Answer>();
    expectTypeOf(() => client.search("?").withResponse()).returns.resolves.toEqualTypeOf<{
      readonly data: SearchResult;
      readonly response: ResponseInfo;
    }>();
    expectTypeOf(client.sessions.delete).returns.resolves.toBeVoid();
    expectTypeOf(() => client.documents.list().toArray()).returns.resolves.toEqualTypeOf<DocumentSummary[]>();
    expectTypeOf(client.admin.ingest).returns.resolves.toEqualTypeOf<IngestionHandle>();
    expectTypeOf(client.documents.upload).returns.resolves.toEqualTypeOf<UploadedDocument>();
  });

  it("takes the host's own signal, fetch and files", () => {
    expectTypeOf<AbortSignal>().toExtend<NonNullable<NonNullable<Parameters<Client["health"]>[0]>["signal"]>>();
    expectTypeOf<typeof fetch>().toExtend<NonNullable<Parameters<typeof createClient>[0]["fetch"]>>();
    expectTypeOf<File>().toExtend<Parameters<Client["documents"]["upload"]>[0]>();
    expectTypeOf<ReadableStream<Uint8Array>>().toExtend<Parameters<Client["documents"]["upload"]>[0]>();
  });

  it("narrows an event by its type, and an answer by its writer", () => {
    expectTypeOf<Extract<AnswerEvent, { type: "delta" }>["text"]>().toBeString();
    expectTypeOf<Extract<IngestionEvent, { type: "done" }>["job"]>().toEqualTypeOf<IngestionJob>();
    const modelOf = (answer: Answer) => (answer.answeredBy === "model" ? answer.model : answer.model);
    expectTypeOf(modelOf).returns.toEqualTypeOf<string | undefined>();
  });

  it("narrows an error by its class and its code", () => {
    const read = (error: RagError): unknown => {
      if (error instanceof RateLimitError) return expectTypeOf(error.retryAfterSeconds).toEqualTypeOf<number | undefined>();
      if (error instanceof ApiError) return expectTypeOf(error.status).toBeNumber();
      return expectTypeOf(error.code).toEqualTypeOf<RagErrorCode>();
    };
    expectTypeOf(read).parameter(0).toEqualTypeOf<RagError>();
  });
});
