/** tRPC's own client, with credentials on streams too. */
import { createTRPCClient, httpBatchLink, type httpBatchStreamLink, type httpLink, httpSubscriptionLink, splitLink } from "@trpc/client";
import { EventSource } from "eventsource";
import type { AppRouter } from "../src/trpc/router.ts";

/** How calls that are no streams go out. */
export type Link = typeof httpLink | typeof httpBatchLink | typeof httpBatchStreamLink;

export function createTrpcTestClient(address: string, headers: Readonly<Record<string, string>>, link: Link = httpBatchLink) {
  const url = `${address}/trpc`;
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: httpSubscriptionLink({
          url,
          EventSource,
          eventSourceOptions: { fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }) },
        }),
        false: link({ url, headers }),
      }),
    ],
  });
}
