/** `@rag-personal/client/testing`: a fetch that follows a script and time that stands still, for tests without a server. */
export type { FetchLike } from "./http/fetch-like.ts";
export { createManualTime, type ManualTime } from "./testing/manual-time.ts";
export {
  answer,
  brokenConnection,
  type Damage,
  type Ending,
  type ErrorDetails,
  errorShape,
  eventStream,
  events,
  html,
  loggedIn,
  type Reply,
  rateLimited,
  refusal,
  refusedConnection,
  refusedStream,
  response,
  result,
  type ScriptedEvent,
  silence,
  uploaded,
} from "./testing/replies.ts";
export { sampleAnswer, sampleEvents, sampleJob } from "./testing/samples.ts";
export { createScriptedFetch, type RecordedRequest, type ScriptedFetch } from "./testing/scripted-fetch.ts";
