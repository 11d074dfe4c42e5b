/** `@rag-personal/client/testing`: a fetch that follows a script and time that stands still, for tests without a server. */
export type { FetchLike } from "./http/fetch-like.ts";
export { createManualTime, type ManualTime } from "./testing/manual-time.ts";
export {
  answer,
  brokenConnection,
  type Damage,
  type Ending,
  eventStream,
  events,
  html,
  problem,
  problemDocument,
  type Reply,
  rateLimited,
  refusedConnection,
  response,
  silence,
} from "./testing/replies.ts";
export { sampleAnswer, sampleEvents } from "./testing/samples.ts";
export { createScriptedFetch, type RecordedRequest, type ScriptedFetch } from "./testing/scripted-fetch.ts";
