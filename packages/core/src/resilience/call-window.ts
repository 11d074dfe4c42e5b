/** A window of 60 seconds that slides over calls and their tokens, kept below what the upstream allows. */
import type { Clock } from "../ports.ts";
import type { CallWindow } from "./call-budget.ts";

const WINDOW_MS = 60_000;

/** Options of {@link createCallWindow}. */
export interface CallWindowOptions {
  /** Calls allowed within any 60 seconds. Default 28: two below a free tier of 30, for clocks that disagree. */
  readonly perMinute?: number;
  /** Tokens allowed within any 60 seconds, those of prompts and of completions together. Default: not counted. */
  readonly tokensPerMinute?: number | undefined;
  readonly clock: Pick<Clock, "monotonic">;
}

interface CountedCall {
  readonly at: number;
  readonly tokens: number;
}

/**
 * Creates a window in which nothing has happened. A call that alone has more tokens than the limit is let pass when no other is in the
 * window: its estimate is no more than that, and otherwise it could never be made.
 *
 * @throws RangeError when a limit is not a whole number of at least 1.
 */
export function createCallWindow(options: CallWindowOptions): CallWindow {
  const { clock } = options;
  const perMinute = requireLimit("perMinute", options.perMinute ?? 28);
  const tokensPerMinute = options.tokensPerMinute === undefined ? undefined : requireLimit("tokensPerMinute", options.tokensPerMinute);
  const tokenLimit = tokensPerMinute ?? Number.POSITIVE_INFINITY;
  /** Oldest first. */
  let calls: CountedCall[] = [];

  function forgetOld(now: number): void {
    const firstInside = calls.findIndex(({ at }) => at + WINDOW_MS > now);
    if (firstInside === -1) calls = [];
    else if (firstInside > 0) calls = calls.slice(firstInside);
  }

  const countTokens = (): number => calls.reduce((sum, { tokens }) => sum + tokens, 0);

  /** Milliseconds until so much more fits; 0 for now. */
  function waitFor(moreCalls: number, moreTokens: number, now: number): number {
    if (moreCalls > perMinute || moreTokens > tokenLimit) return WINDOW_MS;
    let tokens = countTokens();
    if (calls.length + moreCalls <= perMinute && tokens + moreTokens <= tokenLimit) return 0;
    for (const [position, call] of calls.entries()) {
      tokens -= call.tokens;
      const left = calls.length - position - 1;
      if (left + moreCalls <= perMinute && tokens + moreTokens <= tokenLimit) return call.at + WINDOW_MS - now;
    }
    return WINDOW_MS;
  }

  return {
    take({ tokens, ahead, signal }) {
      signal.throwIfAborted();
      const now = clock.monotonic();
      forgetOld(now);
      const counted = Math.min(tokens, tokenLimit);
      const waitMs = waitFor(ahead.calls + 1, ahead.tokens + counted, now);
      if (waitMs > 0) return { isGranted: false, waitMs };
      let call: CountedCall = { at: now, tokens: counted };
      const replace = (...by: readonly CountedCall[]): void => {
        const position = calls.indexOf(call);
        if (position !== -1) calls = calls.toSpliced(position, 1, ...by);
      };
      calls.push(call);
      return {
        isGranted: true,
        reservation: {
          settle(used) {
            const settled = { at: now, tokens: used };
            replace(settled);
            call = settled;
          },
          cancel: () => replace(),
        },
      };
    },
    remaining() {
      forgetOld(clock.monotonic());
      return { calls: perMinute - calls.length, tokens: tokensPerMinute && Math.max(0, tokensPerMinute - countTokens()) };
    },
  };
}

function requireLimit(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number of at least 1, not ${value}`);
  return value;
}
