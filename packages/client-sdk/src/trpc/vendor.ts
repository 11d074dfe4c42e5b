/** What is used of tRPC. The build bundles this one module, so that the package depends on no other. */
export { createTRPCClient, type Operation, type TRPCClient, TRPCClientError, type TRPCLink } from "@trpc/client";
export { observable } from "@trpc/server/observable";
