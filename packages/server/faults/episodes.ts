/** Does the same harm again and again, and times how soon the server shows it and how soon it is over. */
import { setTimeout as delay } from "node:timers/promises";
import { HEAL_WITHIN_MS, type RowOptions, type Violation } from "./row.ts";
import { timeUntil } from "./waiting.ts";

export interface Episodes {
  readonly detectMs: readonly number[];
  readonly healMs: readonly number[];
  /** From the beginning of each fault until the server worked as before, on the monotonic clock. */
  readonly outages: readonly { readonly fromMs: number; readonly untilMs: number }[];
  readonly violations: readonly Violation[];
}

export interface Harm {
  /** What has to be so before the fault begins; no part of the times. */
  readonly prepare?: () => Promise<void>;
  readonly begin: () => Promise<void>;
  /** Resolves when what failed takes connections again. */
  readonly end: () => Promise<void>;
  /** Whether the server shows that it knows. */
  readonly isDetected: () => Promise<boolean>;
  /** Whether the server works as before. */
  readonly isHealed: () => Promise<boolean>;
  /** How long the fault lasts after it has been detected, in milliseconds: at least, and up to so much more. */
  readonly lastsMs: { readonly atLeast: number; readonly upTo: number };
  /** Where it is looked for at intervals, more than 5 s. */
  readonly detectWithinMs?: number;
  /** Where everything has to be built anew, more than {@link HEAL_WITHIN_MS}. */
  readonly healWithinMs?: number;
}

/** What was seen in several series of faults, one after the other. */
export function joinEpisodes(series: readonly Episodes[]): Episodes {
  return {
    detectMs: series.flatMap(({ detectMs }) => detectMs),
    healMs: series.flatMap(({ healMs }) => healMs),
    outages: series.flatMap(({ outages }) => outages),
    violations: series.flatMap(({ violations }) => violations),
  };
}

const CALM_MS = { atLeast: 300, upTo: 700 };
const DETECT_WITHIN_MS = 5_000;
/** Then the row is given up: what comes after would be about this fault and not the next. */
const GIVE_UP_AFTER_MS = 30_000;

export async function runEpisodes(harm: Harm, { injections, random, say }: RowOptions): Promise<Episodes> {
  const detectMs: number[] = [];
  const healMs: number[] = [];
  const outages: { fromMs: number; untilMs: number }[] = [];
  const violations: Violation[] = [];
  const within = ({ atLeast, upTo }: { readonly atLeast: number; readonly upTo: number }): number => atLeast + random() * (upTo - atLeast);

  const rowBeganAtMs = performance.now();
  const note = (kind: Violation["kind"], detail: string): void => void violations.push({ kind, detail, atMs: performance.now() - rowBeganAtMs });

  for (let episode = 1; episode <= injections; episode += 1) {
    await delay(within(CALM_MS));
    await harm.prepare?.();
    const fromMs = performance.now();
    await harm.begin();
    const detectWithinMs = harm.detectWithinMs ?? DETECT_WITHIN_MS;
    const detected = await timeUntil(harm.isDetected, fromMs, detectWithinMs);
    if (detected === undefined) note("not detected", `injection ${episode}: nothing showed it within ${detectWithinMs} ms`);
    detectMs.push(detected ?? Number.POSITIVE_INFINITY);
    await delay(within(harm.lastsMs));
    await harm.end();
    const healed = await timeUntil(harm.isHealed, performance.now(), GIVE_UP_AFTER_MS);
    if (healed === undefined || healed > (harm.healWithinMs ?? HEAL_WITHIN_MS)) {
      note("not healed", `injection ${episode}: ${healed === undefined ? `not within ${GIVE_UP_AFTER_MS}` : `after ${Math.round(healed)}`} ms`);
    }
    healMs.push(healed ?? Number.POSITIVE_INFINITY);
    outages.push({ fromMs, untilMs: performance.now() });
    if (healed === undefined) break;
    if (episode % 5 === 0) say(`${episode} of ${injections}`);
  }
  return { detectMs, healMs, outages, violations };
}
