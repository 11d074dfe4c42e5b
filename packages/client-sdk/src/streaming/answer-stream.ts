/// <reference lib="esnext.disposable" preserve="true" />
/** An answer that is still being written, as the caller holds it. */
import { AbortError, UsageError } from "../errors/client-errors.ts";
import type { RagError } from "../errors/rag-error.ts";
import { type Cancellation, createCancellation } from "../http/cancellation.ts";
import type { Answer, AnswerEvent } from "../model.ts";
import type { CallSettings } from "../options.ts";
import type { Time } from "../time.ts";

/**
 * An answer that arrives event by event. It can be consumed once: by iterating, or by `text()` or `final()`, which
 * read to the end by themselves. The question is sent when that begins, and leaving early cancels it on the server too.
 *
 * @example
 * ```ts
 * await using stream = client.chat.stream("How long is the warranty?");
 * for await (const event of stream) {
 *   if (event.type === "delta") process.stdout.write(event.text);
 * }
 * const { citations } = await stream.final();
 * ```
 */
export interface AnswerStream extends AsyncIterable<AnswerEvent> {
  /**
   * The whole text of the finished answer; never a part of it.
   *
   * @throws what {@link AnswerStream.final} throws.
   */
  text(): Promise<string>;
  /**
   * The finished answer with its citations. Reads to the end, unless an iteration is doing so: then it settles with
   * that one, so await it after the loop and not within.
   *
   * @throws IncompleteStreamError when the stream broke off, AbortError when it was left or aborted, and whatever
   * else the iteration throws.
   */
  final(): Promise<Answer>;
  /** Cancels the request and whatever waits for it, with an AbortError whose `cause` is the reason. */
  abort(reason?: unknown): void;
  /** Cancels the request unless the answer is complete. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Older browsers have no symbol of that name yet; a property they never look at does no harm. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

interface Outcome {
  readonly promise: Promise<Answer>;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

function createOutcome(): Outcome {
  let resolve: Outcome["resolve"] = () => {};
  let reject: Outcome["reject"] = () => {};
  const promise = new Promise<Answer>((onAnswer, onError) => {
    resolve = onAnswer;
    reject = onError;
  });
  // Whoever iterates has the error already and need not ask for the outcome.
  promise.catch(() => {});
  return { promise, resolve, reject };
}

/**
 * @param open sends the question and reads the events; called once, and never when the stream was aborted before.
 * @param call its deadline begins when the stream is first read.
 */
export function createAnswerStream(
  open: (cancellation: Cancellation) => AsyncIterable<AnswerEvent>,
  { time, call }: { readonly time: Time; readonly call: CallSettings },
): AnswerStream {
  const outcome = createOutcome();
  let isTaken = false;
  let isAnswered = false;
  let cancellation: Cancellation | undefined;
  let stoppedBefore: RagError | undefined;

  function stop(reason: RagError): void {
    if (isAnswered) return;
    stoppedBefore ??= reason;
    cancellation?.cancel(reason);
    outcome.reject(reason);
  }

  async function* run(): AsyncGenerator<AnswerEvent, void, undefined> {
    if (stoppedBefore !== undefined) throw stoppedBefore;
    cancellation = createCancellation({ time, timeoutMs: call.timeoutMs, signal: call.signal, onCancel: outcome.reject });
    try {
      for await (const event of open(cancellation)) {
        if (event.type === "done") {
          isAnswered = true;
          outcome.resolve(event.answer);
        }
        yield event;
      }
    } catch (thrown) {
      outcome.reject(thrown);
      throw thrown;
    } finally {
      cancellation.dispose();
    }
  }

  const events = run();

  async function leave(): Promise<void> {
    // Before the generator is told: it may be waiting, and only this wakes it.
    stop(new AbortError("The stream was left before the answer was complete."));
    await events.return();
  }

  async function consume(): Promise<void> {
    try {
      while ((await events.next()).done !== true);
    } catch {
      // The outcome has it.
    }
  }

  function take(): void {
    if (isTaken) throw new UsageError("This stream is being read or was read already. Ask again for another one.");
    isTaken = true;
  }

  async function final(): Promise<Answer> {
    if (!isTaken) {
      take();
      void consume();
    }
    return outcome.promise;
  }

  return {
    [Symbol.asyncIterator]() {
      take();
      return {
        next: () => events.next(),
        async return() {
          await leave();
          return { done: true, value: undefined };
        },
      };
    },
    text: async () => (await final()).answer,
    final,
    abort: (reason) => stop(new AbortError("The stream was aborted.", { cause: reason })),
    [asyncDispose]: leave,
  };
}
