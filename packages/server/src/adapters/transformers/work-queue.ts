/** What waits for a model: a bounded queue of small slices, in which questions overtake documents. */
import { RagError } from "@rag-personal/core";

/** Texts to be worked on together. */
export interface WorkRequest {
  /** Read together with each text, by a cross-encoder. */
  readonly question?: string | undefined;
  readonly texts: readonly string[];
  /** Somebody waits for the answer: goes before everything that is not urgent. */
  readonly isUrgent: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Texts of one request that go to the model at once. */
export interface Slice {
  readonly question?: string | undefined;
  readonly texts: readonly string[];
}

/** Options of {@link createWorkQueue}. */
export interface WorkQueueOptions {
  /** Texts that may wait, for urgent and for other requests each. A single request may be larger if nothing waits before it. */
  readonly maxTexts: number;
  /** Characters of a slice at most, reckoned with its longest text; a longer text is a slice of its own. */
  readonly charsPerSlice: number;
}

/** A queue of slices. Whoever takes one hands it back in one of three ways. */
export interface WorkQueue {
  /**
   * One row of numbers per text.
   *
   * @throws RagError `overloaded` when too much waits already; the reason of the signal; what the slice failed with.
   */
  add(request: WorkRequest): Promise<readonly Float32Array[]>;
  /** The next slice that somebody still waits for. */
  take(): Slice | undefined;
  /** `values` holds one row after the other, in the order of the slice's texts, and was computed in `tookMs`. */
  complete(slice: Slice, values: Float32Array, tookMs: number): void;
  /** To be taken again, before all others of its kind. */
  putBack(slice: Slice): void;
  /** Ends the request that the slice belongs to. */
  fail(slice: Slice, error: Error): void;
  /** Ends all requests. */
  failAll(error: Error): void;
  /** Texts that wait or are being worked on. */
  waiting(): number;
}

const MAX_RETRY_AFTER_SECONDS = 60;

interface Pending {
  readonly rows: Float32Array[];
  readonly lane: Lane;
  left: number;
  isSettled: boolean;
  settle(error?: unknown): void;
}

interface Lane {
  readonly slices: OwnSlice[];
  texts: number;
}

interface OwnSlice extends Slice {
  readonly pending: Pending;
  readonly positions: readonly number[];
}

/** Neighbours in length go together, so that little of what the model reads is padding. */
function cutSlices({ texts, question }: WorkRequest, charsPerSlice: number): readonly (readonly number[])[] {
  const cost = (position: number) => (texts[position]?.length ?? 0) + (question?.length ?? 0);
  const slices: number[][] = [];
  let slice: number[] = [];
  for (const position of [...texts.keys()].sort((left, right) => cost(left) - cost(right))) {
    if (slice.length > 0 && (slice.length + 1) * cost(position) > charsPerSlice) {
      slices.push(slice);
      slice = [];
    }
    slice.push(position);
  }
  if (slice.length > 0) slices.push(slice);
  return slices;
}

/** An empty queue. */
export function createWorkQueue({ maxTexts, charsPerSlice }: WorkQueueOptions): WorkQueue {
  const urgent: Lane = { slices: [], texts: 0 };
  const patient: Lane = { slices: [], texts: 0 };
  const unsettled = new Set<Pending>();
  const owners = new WeakMap<Slice, OwnSlice>();
  let msPerText = 10;

  function own(slice: Slice): OwnSlice {
    const found = owners.get(slice);
    if (found === undefined) throw new Error("a slice of another queue");
    return found;
  }

  function refuseIfFull(lane: Lane, count: number): void {
    if (lane.texts === 0 || lane.texts + count <= maxTexts) return;
    const seconds = Math.ceil((lane.texts * msPerText) / 1_000);
    throw new RagError("overloaded", "Too many texts are waiting for the model. Try again later.", {
      retryAfterSeconds: Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS),
    });
  }

  function createPending(lane: Lane, count: number, signal: AbortSignal | undefined) {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Float32Array[]>();
    const leave = () => pending.settle(signal?.reason);
    const pending: Pending = {
      rows: [],
      lane,
      left: count,
      isSettled: false,
      settle(error) {
        if (pending.isSettled) return;
        pending.isSettled = true;
        lane.texts -= pending.left;
        unsettled.delete(pending);
        signal?.removeEventListener("abort", leave);
        if (pending.left === 0) resolve(pending.rows);
        else reject(error);
      },
    };
    signal?.addEventListener("abort", leave, { once: true });
    unsettled.add(pending);
    lane.texts += count;
    return { pending, promise };
  }

  return {
    async add(request) {
      request.signal?.throwIfAborted();
      if (request.texts.length === 0) return [];
      const lane = request.isUrgent ? urgent : patient;
      refuseIfFull(lane, request.texts.length);
      const { pending, promise } = createPending(lane, request.texts.length, request.signal);
      for (const positions of cutSlices(request, charsPerSlice)) {
        const slice = { question: request.question, texts: positions.map((position) => request.texts[position] ?? ""), positions, pending };
        owners.set(slice, slice);
        lane.slices.push(slice);
      }
      return await promise;
    },

    take() {
      for (const lane of [urgent, patient]) {
        let slice = lane.slices.shift();
        while (slice?.pending.isSettled) slice = lane.slices.shift();
        if (slice !== undefined) return slice;
      }
      return undefined;
    },

    complete(slice, values, tookMs) {
      const { pending, positions } = own(slice);
      msPerText = 0.8 * msPerText + (0.2 * tookMs) / positions.length;
      if (pending.isSettled) return;
      const width = values.length / positions.length;
      // Copies: rows that share their memory would keep all of it, and could not be handed to another thread.
      for (const [at, position] of positions.entries()) pending.rows[position] = values.slice(at * width, (at + 1) * width);
      pending.left -= positions.length;
      pending.lane.texts -= positions.length;
      if (pending.left === 0) pending.settle();
    },

    putBack(slice) {
      const mine = own(slice);
      mine.pending.lane.slices.unshift(mine);
    },
    fail: (slice, error) => own(slice).pending.settle(error),
    failAll(error) {
      for (const pending of unsettled) pending.settle(error);
    },
    waiting: () => urgent.texts + patient.texts,
  };
}
