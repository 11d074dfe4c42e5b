/** Something done to the stack while clients ask. */
import { createRandomSource } from "../../core/src/semantic/random.ts";
import { type FailedRequest, startLoadClients } from "../test-support/load-clients.ts";
import type { Checkout, Finished } from "./checkout.ts";

export interface DoneUnderLoad extends Finished {
  readonly requests: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly failures: readonly FailedRequest[];
  readonly slowestMs: number;
  readonly p99Ms: number;
  readonly acknowledged: ReadonlySet<string>;
}

const BUSY_CLIENTS = 8;
const PAUSING_CLIENTS = 4;
const PAUSE_MS = 4_500;
/** Before and after, so that there is something to compare with. */
const MARGIN_MS = 3_000;

/** Ends when the stack answers again that has been restarted, or fails after a minute. */
export const UNTIL_READY = "timeout 60 bash -c 'until curl -sf -o /dev/null http://localhost:8000/health/ready; do sleep 0.5; done'";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function underLoad(checkout: Checkout, act: () => Promise<Finished>): Promise<DoneUnderLoad> {
  // What came before may have started it a moment ago.
  await checkout.must(UNTIL_READY);
  const random = createRandomSource(20_26);
  const load = startLoadClients({
    address: "http://127.0.0.1:8000",
    apiKey: checkout.setting("API_KEY"),
    busy: BUSY_CLIENTS,
    pausing: PAUSING_CLIENTS,
    pauseMs: PAUSE_MS,
    random: () => random() / 2 ** 32,
  });
  await pause(MARGIN_MS);
  const finished = await act();
  await pause(MARGIN_MS);
  const { requests, kinds, failures, slowestMs, p99Ms, acknowledged } = await load.stop();
  return { ...finished, requests, kinds, failures, slowestMs, p99Ms, acknowledged };
}
