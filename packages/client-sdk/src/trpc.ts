/** `@rag-personal/client/trpc`: the type of the server's router, for those who use a plain tRPC client. It has no value, and needs `@trpc/server`'s types. */
export type { AppRouter, ErrorShape } from "./trpc/app-router.ts";
